extension Plan {
  /// The name of a plan that gives none, or that cannot be read at all: its file's name without the
  /// extension, or "plan" where that cannot name a directory.
  package static func defaultName(ofFile file: String) -> String {
    fileName(of: stem(of: file))
  }

  /// A plan's name as a part of a file's name: the name itself where it is safe, else "plan". The
  /// name may come from a recording, which anyone may have made.
  package static func fileName(of name: String) -> String {
    problem(withName: name) == nil ? name : "plan"
  }

  /// Why a name cannot name a directory; nil when it can.
  static func problem(withName name: String) -> String? {
    if name.isEmpty || name == "." || name == ".." {
      return "name \(quoted(name)) cannot name a directory"
    }
    if name.contains("/") { return "name \(quoted(name)) has a '/' in it" }
    if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      return "name \(quoted(name)) has control characters in it"
    }
    // File systems allow 255 bytes, and files of a run have names longer than the plan's, such as
    // `TEST-NAME.xml`.
    if name.count > 100 { return "name \(quoted(name)) is longer than 100 characters" }
    if name.utf8.count > 200 { return "name \(quoted(name)) is longer than 200 bytes" }
    return nil
  }

  /// The file's name without directory and extension.
  static func stem(of file: String) -> String {
    let name = file.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
    return String(name[..<dot])
  }
}
