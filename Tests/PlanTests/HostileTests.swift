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
    .timeLimit(.minutes(1)),
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

  @Test func `does not unfold aliases`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let copies = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(copies)]\n? [*a\(level)]\n: x\n"
    }
    #expect(!errors(text + minimal).isEmpty)
    #expect(!errors("x: &a [*a, *a]\n" + minimal).isEmpty)
  }

  /// xorshift64*: the same plans in every run.
  private struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
  }

  @Test(.timeLimit(.minutes(2))) func `survives five thousand mutated plans`() {
    let seeds = [
      minimal,
      """
      name: x
      variables: {goal: 1M, half: "${goal}"}
      server:
        listen: 127.0.0.1-127.0.0.4:9000   # comment
        processes: 6
      clients: {sources: [127.0.0.2, "10.0.0.0/24"], ports: 1024-65535}
      phases:
        - ramp: {to: "${goal}", rate: 25k/s}
        - hold: 30s
        - close: {rate: 50k/s, with: reset}
      thresholds:
        - connections >= ${goal}
        - connect.p99 < 1s in ramp
        - failures.rate < 0.1%
      guard: {memory: 5%}
      sampling: {every: 1s}

      """,
    ]
    let pieces = [
      "\n", " ", "  ", ":", ": ", "- ", "{", "}", "[", "]", ",", "\"", "'", "#", "&", "*", "!",
      "|", ">", "%", "@", "?", "${", "}", "$", "-", "/", "0", "9999999999999999999", "1e400", "k",
      "M", "\t", "\r", "\u{0}", "\u{85}", "é", "😀", "\u{FEFF}", "\u{F0001}", "name: x\n", "ramp",
      "server:", "\\", "~", "null", "<<: ", "---\n", "...", "::", ".", "-1", "5%", "ms",
    ]
    var random = Random(state: 0x5EED)
    var valid = 0
    for _ in 0..<5000 {
      var text = Array(seeds[random.below(seeds.count)])
      for _ in 0...random.below(6) {
        let index = random.below(text.count + 1)
        switch random.below(4) {
        case 0: text.insert(contentsOf: pieces[random.below(pieces.count)], at: index)
        case 1 where index < text.count: text.remove(at: index)
        case 2 where index < text.count:
          let end = min(text.count, index + random.below(20))
          text.removeSubrange(index..<end)
        default:
          let end = min(text.count, index + random.below(40))
          text.insert(contentsOf: text[index..<end], at: random.below(text.count + 1))
        }
      }
      do {
        let plan = try Plan.read(text: String(text), file: "fuzz.plan")
        valid += 1
        // What is valid is valid in full: it can be written, read and used.
        #expect(
          (try? Plan.read(text: plan.effective, file: "fuzz.plan")) != nil, "\(plan.effective)")
        _ = plan.phases.map(\.title)
      } catch {
        #expect(!error.diagnostics.isEmpty)
        #expect(!error.description.isEmpty)
      }
    }
    #expect((50..<4950).contains(valid))
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
