/// The format of a recording. Within one major version, old and new programs read each other's
/// files: a minor version only adds tables, columns and resources.
package struct RecordingVersion: Sendable, Equatable, CustomStringConvertible {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  package static let current = RecordingVersion(major: 1, minor: 4)

  /// As SQLite's `user_version` keeps it.
  var number: Int32 { Int32(major * 1000 + minor) }

  init(number: Int32) {
    self.init(major: Int(number) / 1000, minor: Int(number) % 1000)
  }

  package var description: String { "\(major).\(minor)" }
}
