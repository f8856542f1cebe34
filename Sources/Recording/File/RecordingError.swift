/// Why a recording could not be read or written. The description is one sentence.
package enum RecordingError: Error, Equatable {
  case missing(path: String)
  /// The file has no bytes: the run ended before it wrote its first facts.
  case empty(path: String)
  /// The file is no recording.
  case foreign(path: String)
  /// A newer program wrote the recording, in a later major version of the format.
  case newer(path: String, version: RecordingVersion)
  case corrupt(path: String, reason: String)
  case unreadable(path: String, reason: String)
  /// There is a file already where the recording was to be written.
  case exists(path: String)
  case unwritable(path: String, reason: String)
}

extension RecordingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path): "There is no recording at \(path)."
    case .empty(let path): "The recording \(path) is empty: its run ended before it began."
    case .foreign(let path): "The file \(path) is not a recording."
    case .newer(let path, let version):
      """
      The recording \(path) has format \(version), but this program reads only up to \
      \(RecordingVersion.current.major).x: use a newer runner.
      """
    case .corrupt(let path, let reason): "The recording \(path) is damaged: \(reason)."
    case .unreadable(let path, let reason): "The recording \(path) cannot be read: \(reason)."
    case .exists(let path): "A file exists already at \(path), and a recording overwrites nothing."
    case .unwritable(let path, let reason): "The recording \(path) cannot be written: \(reason)."
    }
  }
}
