/// Where the files of a run are, as the user named them; nil for a file that does not exist.
package struct OutputFiles: Sendable {
  package var recording: String?
  package var html: String?
  package var junit: String?
  /// The directory that the paths are relative to.
  package var directory: String

  package init(
    recording: String? = nil, html: String? = nil, junit: String? = nil, directory: String = ""
  ) {
    self.recording = recording
    self.html = html
    self.junit = junit
    self.directory = directory
  }

  /// The path with `directory` before it, unless it begins with a slash.
  func absolute(_ path: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    return directory.hasSuffix("/") ? directory + path : directory + "/" + path
  }
}
