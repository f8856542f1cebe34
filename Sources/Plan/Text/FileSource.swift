/// Gives the bytes of a file that a plan names, by its path as seen from the plan. `Reader` itself
/// opens no file.
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
  /// The path that `name` means in the file at `path`: it starts from that file's directory.
  static func resolve(_ name: String, from path: String) -> String {
    // `./a` is `a`. Only the file system knows where `..` leads.
    let parts = name.split(separator: "/").filter { $0 != "." }
    let plain = (name.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return plain }
    return path[...slash] + plain
  }
}
