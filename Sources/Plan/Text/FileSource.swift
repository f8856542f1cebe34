/// Gives the bytes of a file that a plan names. The path is relative to the plan's directory, or
/// absolute. `Reader` opens no file itself: it asks this function.
package typealias FileSource = @Sendable (_ name: String) throws(UnreadableFile) -> [UInt8]

/// Why a file that a plan names cannot be read.
package struct UnreadableFile: Error, Equatable {
  /// Completes "the file cannot be read: ".
  package let reason: String

  package init(_ reason: String) {
    self.reason = reason
  }
}

extension Plan {
  /// A source that has only these files, such as those that a recording keeps.
  package static func attached(_ attachments: [String: [UInt8]]) -> FileSource {
    { name throws(UnreadableFile) in
      guard let bytes = attachments[name] else {
        throw UnreadableFile("it did not come with the plan")
      }
      return bytes
    }
  }
}

/// Paths of files that name one another.
enum FilePath {
  /// The path of the file that the file at `path` calls `name`: a relative name starts from the
  /// directory of the file at `path`.
  static func resolve(_ name: String, from path: String) -> String {
    // `./a` is `a`. `..` stays, as only the file system knows where it leads.
    let parts = name.split(separator: "/").filter { $0 != "." }
    let plain = (name.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return plain }
    return path[...slash] + plain
  }
}
