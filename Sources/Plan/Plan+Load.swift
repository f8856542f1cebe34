#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension Plan {
  /// Reads the plan in `file`; see `read(text:file:overrides:environment:)`.
  package static func load(
    file: String, overrides: [String: String] = [:], environment: [String: String] = [:]
  ) throws(InvalidPlan) -> Plan {
    let bytes = try bytes(of: file)
    guard bytes.count <= longestText else { throw tooLong(file) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let source = SourceText(String(decoding: bytes, as: UTF8.self))
      let place = source.firstReplacement()
      throw InvalidPlan(
        file: file,
        diagnostics: [
          Diagnostic(
            line: place.line, column: place.column, message: "the file is not UTF-8 from here on",
            sourceLine: source.line(place.line))
        ])
    }
    return try read(text: text, file: file, overrides: overrides, environment: environment)
  }

  private static func bytes(of file: String) throws(InvalidPlan) -> [UInt8] {
    do {
      return try contents(of: file, most: longestText + 1)
    } catch {
      throw InvalidPlan(
        file: file,
        diagnostics: [
          Diagnostic(line: 1, column: 1, message: "the file cannot be read: \(error.text)")
        ])
    }
  }
}

private struct Unreadable: Error {
  let text: String

  init(errno code: Int32) {
    text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }
}

/// The file's first bytes, no more than `most`: a device or a log that someone takes for a plan is
/// not read to its end.
private func contents(of file: String, most: Int) throws(Unreadable) -> [UInt8] {
  let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw Unreadable(errno: errno) }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: most)
  var filled = 0
  while filled < most {
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(descriptor, buffer.baseAddress! + filled, most - filled)
    }
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw Unreadable(errno: errno) }
    guard count > 0 else { break }
    filled += count
  }
  return Array(bytes[..<filled])
}
