/// The version of a recording's format. A minor version only adds tables, columns and resources. So within one major
/// version, old programs read the files of new ones, and the other way round.
package struct RecordingVersion: Sendable, Equatable, CustomStringConvertible {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  package static let current = RecordingVersion(major: 2, minor: 0)

  /// The version as the file has it in `PRAGMA user_version`: 1004 for 1.4.
  var number: Int32 { Int32(major * 1000 + minor) }

  init(number: Int32) {
    self.init(major: Int(number) / 1000, minor: Int(number) % 1000)
  }

  package var description: String { "\(major).\(minor)" }
}
