import Plan
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Plans that nobody writes by accident: they end in an error, soon.
@Suite struct HostileTests {
  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      String(repeating: "[", count: 500_000),
      String(repeating: "{", count: 500_000),
      String(repeating: "- ", count: 500_000),
      String(repeating: "a:\n ", count: 200_000),
      String(repeating: "? ", count: 300_000),
      String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
      String(repeating: "a: 1\n", count: 200_000),
      (0..<100_000).map { "k\($0): 1\n" }.joined(),
      String(repeating: ":", count: 1_000_000),
      String(repeating: "a:a", count: 300_000),
      "x: " + String(repeating: "${a}", count: 250_000),
      String(repeating: "- &a *a\n", count: 100_000),
      String(repeating: "\"", count: 1_000_000),
      String(repeating: "---\n", count: 250_000),
      "\u{FEFF}" + minimal + "\u{FEFF}x: 1",
      "%YAML 9.9\n---\n" + minimal,
      "!<x> {}", "%", "@", "`", "|", ">", "? ", ": ", "--- --- ---", "\u{2028}", "{]", "\"\\",
    ])
  func `ends in an error`(text: String) {
    #expect(!errors(text).isEmpty)
  }

  /// Not the excerpt alone: names of a plan stand in hints as well, and those of files before all else.
  @Test(arguments: [
    "messages: {pi\u{202E}ng: {every: 1s, send: x}}\n" + minimal,
    minimal.replacing("10}", with: "10, messages: pong}")
      + "messages: {po\u{202E}ng: {every: 1s, send: x}}\n",
    "include: \"a\\u202eb.plan\"\n" + minimal,
  ])
  func `drives no terminal with what is said of it`(text: String) throws {
    let files = Plan.attached(["a\u{202E}b.plan": Array("x: 1\n".utf8)])
    let invalid = try #require(throws: InvalidPlan.self) {
      try Plan.read(text: text, file: "\u{9B}2J.plan", overrides: ["x\u{1B}c": "1"], files: files)
    }
    for scalar in ["\u{202E}", "\u{9B}", "\u{1B}"] as [Unicode.Scalar] {
      #expect(!invalid.description.unicodeScalars.contains(scalar), "\(scalar.value)")
    }
  }

  @Test func `does not unfold aliases`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let copies = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(copies)]\n? [*a\(level)]\n: x\n"
    }
    #expect(!errors(text + minimal).isEmpty)
    #expect(!errors("x: &a [*a, *a]\n" + minimal).isEmpty)
  }
}

@Suite struct LoadTests {
  private func file(_ bytes: [UInt8]) -> String {
    var template = Array("/tmp/plan-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      written += count
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private func failure(_ bytes: [UInt8]) -> String {
    let path = file(bytes)
    defer { unlink(path) }
    do {
      _ = try Plan.load(file: path)
      return ""
    } catch {
      let first = error.diagnostics[0]
      return "\(first.line):\(first.column): \(first.message)"
    }
  }

  @Test func `reads a file`() throws {
    let path = file(Array(minimal.utf8))
    defer { unlink(path) }
    let plan = try Plan.load(file: path)
    #expect(plan.file == path)
    #expect(plan.text == minimal)
  }

  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      ("/dev/zero", "it is no regular file"), ("/tmp", "Is a directory"),
      ("/nowhere", "No such file or directory"),
    ])
  func `reads regular files beside it, and nothing that never ends`(name: String, why: String) {
    #expect(
      failure(Array("include: \(name)\nphases: [hold: 1s]\n".utf8))
        == "1:10: the file '\(name)' cannot be read: \(why)")
  }

  @Test func `does not wait for a pipe that nobody writes to`() throws {
    let directory = try TemporaryDirectory()
    let pipe = directory.url.appendingPathComponent("pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(
      failure(Array("include: \(pipe)\nphases: [hold: 1s]\n".utf8)).hasSuffix(
        "cannot be read: it is no regular file"))
  }

  @Test func `refuses what is not UTF-8 at its place`() {
    #expect(
      failure(Array("name: x\nab".utf8) + [0xFF, 0x41])
        == "2:3: the file is not UTF-8 from here on")
  }

  @Test func `refuses a file of two mebibytes`() {
    #expect(
      failure([UInt8](repeating: 0x23, count: 2 << 20))
        == "1:1: the file is larger than 1 MiB; no plan is")
  }

  @Test(arguments: [
    (
      "/nowhere/x.plan",
      "/nowhere/x.plan:1:1: error: the file cannot be read: No such file or directory"
    ),
    ("/tmp", "/tmp:1:1: error: the file cannot be read: Is a directory"),
    ("/dev/zero", "/dev/zero:1:1: error: the file is larger than 1 MiB; no plan is"),
  ])
  func `says why a file cannot be read`(path: String, description: String) {
    #expect(throws: InvalidPlan.self) { try Plan.load(file: path) }
    do { _ = try Plan.load(file: path) } catch { #expect(error.description == description) }
  }
}
