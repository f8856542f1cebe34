#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension Plan {
  /// Reads the plan in `file`, and the files that the plan names; see
  /// `read(text:file:overrides:environment:files:)`.
  package static func load(
    file: String, overrides: [String: String] = [:], environment: [String: String] = [:]
  ) throws(InvalidPlan) -> Plan {
    let bytes = try bytes(of: file)
    guard bytes.count <= longestText else { throw tooLong(file) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let source = SourceText(String(decoding: bytes, as: UTF8.self))
      let place = SourceText.firstInvalid(in: bytes)
      throw InvalidPlan(
        file: file,
        diagnostics: [
          Diagnostic(
            line: place.line, column: place.column, message: "the file is not UTF-8 from here on",
            sourceLine: source.line(place.line))
        ])
    }
    return try read(
      text: text, file: file, overrides: overrides, environment: environment,
      files: { name throws(UnreadableFile) in
        try contents(of: FilePath.resolve(name, from: file), isPlan: false)
      })
  }

  /// What a recording keeps of the plan's files, and the values of `data` from where they stand beside the plan.
  static func attached(
    _ attachments: [String: [UInt8]], dataBeside plan: String
  ) -> FileSource {
    { name throws(UnreadableFile) in
      let kept = try attached(attachments)(name)
      guard DataFile.isStub(kept) else { return kept }
      let path = FilePath.resolve(name, from: plan)
      do throws(UnreadableFile) {
        return try contents(of: path, isPlan: false)
      } catch {
        throw UnreadableFile(
          "a recording keeps no values of data, and reading \(path) gives: \(error.reason)")
      }
    }
  }

  private static func bytes(of file: String) throws(InvalidPlan) -> [UInt8] {
    do {
      return try contents(of: file, isPlan: true)
    } catch {
      throw InvalidPlan(
        file: file,
        diagnostics: [
          Diagnostic(line: 1, column: 1, message: "the file cannot be read: \(error.reason)")
        ])
    }
  }
}

extension UnreadableFile {
  fileprivate init(errno code: Int32) {
    self.init(unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)")
  }
}

/// The file's bytes, up to one byte more than any file of a plan may have: a device or a log that
/// someone takes for a plan is not read to its end.
///
/// - Parameter isPlan: whether the file is the plan itself, which may come through a pipe. A file
///   that the plan names may not be a pipe: one that nobody writes to would block the reading.
private func contents(of file: String, isPlan: Bool) throws(UnreadableFile) -> [UInt8] {
  let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC | (isPlan ? 0 : O_NONBLOCK))
  guard descriptor >= 0 else { throw UnreadableFile(errno: errno) }
  defer { close(descriptor) }
  var most = max(Plan.longestText, Plan.longestMessageFile) + 1
  // A directory passes here: `read` says more plainly what is wrong with it.
  if !isPlan {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw UnreadableFile(errno: errno) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFDIR else { throw UnreadableFile("it is no regular file") }
    // Only files of data may be as long.
    most = min(max(most, Int(status.st_size) + 1), Plan.longestDataFile + 1)
  }
  var bytes = [UInt8](repeating: 0, count: most)
  var filled = 0
  while filled < most {
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(descriptor, buffer.baseAddress! + filled, most - filled)
    }
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw UnreadableFile(errno: errno) }
    guard count > 0 else { break }
    filled += count
  }
  return Array(bytes[..<filled])
}
