/// Where the files of a run are, as paths relative to the directory the program was started in.
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

  func absolute(_ path: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    return directory.hasSuffix("/") ? directory + path : directory + "/" + path
  }
}
