import Messages
import Testing

@testable import Plan

/// Messages as a plan says them.
@Suite struct MessageTests {
  private func pattern(_ text: String, server: String = "") throws -> MessagePattern {
    let plan = try read(
      """
      server: {listen: "127.0.0.1:9000"\(server)}
      messages: {ping: {\(text)}}
      phases: [hold: {for: 1s, messages: ping}]
      """)
    return try #require(plan.patterns.first)
  }

  private func parts(_ text: String) throws -> [MessageTemplate.Part] {
    try TemplateText.parse(text).parts
  }

  private func bytes(_ text: String) -> MessageTemplate.Part { .bytes(Array(text.utf8)) }

  @Test func `no plan has more than 64`() throws {
    func errorsOf(_ count: Int) -> [String] {
      let names = (1...count).map { "m\($0)" }
      return errors(
        """
        server: {listen: "127.0.0.1:9000"}
        messages: {\(names.map { "\($0): {every: 1s, send: x}" }.joined(separator: ", "))}
        phases: [hold: {for: 1s, messages: [\(names.joined(separator: ", "))]}]
        """)
    }
    #expect(errorsOf(64) == [])
    #expect(
      errorsOf(65).map { $0.drop { $0 != " " } } == [
        " a plan has at most 64 messages, and this is one more"
      ])
  }

  @Test func `have defaults`() throws {
    let pattern = try pattern("every: 30s, send: hello")
    #expect(
      pattern
        == MessagePattern(
          name: "ping", pace: .every(30_000_000_000),
          template: MessageTemplate(bytes: Array("hello".utf8)), expectation: .echo,
          timeout: 5_000_000_000))
  }

  @Test func `come at a rate in all, or for each connection`() throws {
    #expect(try pattern("rate: 10k/s, send: x").pace == .rate(10_000))
    #expect(try pattern("every: 250us, send: x").pace == .every(250_000))
    #expect(try pattern("every: 1s, send: x, timeout: 250ms").timeout == 250_000_000)
  }

  @Test(arguments: [1, 64, 1000, 1 << 20])
  func `may be so many bytes, all printable`(count: Int) throws {
    let fixed = try #require(try pattern("every: 1s, bytes: \(count)B").template.fixed)
    #expect(fixed.count == count)
    #expect(fixed.allSatisfy { (0x21..<0x7F).contains($0) })
  }

  @Test func `take their bytes from a file as it is`() throws {
    let content: [UInt8] = [0, 255, 0x7B] + Array("{connection}".utf8)
    let text = """
      server: {listen: "127.0.0.1:9000"}
      messages: {ping: {every: 1s, file: ./data/x.bin}}
      phases: [hold: {for: 1s, messages: ping}]
      """
    let plan = try Plan.read(
      text: text, file: "test.plan", files: Plan.attached(["data/x.bin": content]))
    #expect(plan.patterns[0].template.fixed == content)
    #expect(plan.attachments == ["data/x.bin": content])
  }

  @Test(arguments: [
    ("echo", MessagePattern.Expectation.echo), ("none", .none), ("{bytes: 10B}", .bytes(10)),
    ("{text: \"pong\\n\"}", .text(Array("pong\n".utf8))),
    ("{text: \"{port}\"}", .text(Array("{port}".utf8))),
    (
      "{length: {size: 4}}",
      .framed(.length(LengthField(at: 0, size: 4, order: .big, plus: 0)), nil)
    ),
    (
      "{length: {at: 1024, size: 8, order: little, plus: -1048576}, text: ok}",
      .framed(
        .length(LengthField(at: 1024, size: 8, order: .little, plus: -1_048_576)),
        .text(Array("ok".utf8)))
    ),
  ])
  func `expect an answer`(text: String, expectation: MessagePattern.Expectation) throws {
    #expect(try pattern("every: 1s, send: x, expect: \(text)").expectation == expectation)
  }

  @Test func `expect what an expression finds`() throws {
    let expectation = try pattern("every: 1s, send: x, expect: {matches: \"^a{2}\"}").expectation
    guard case .matches(let found) = expectation else {
      Issue.record("\(expectation) is no expression")
      return
    }
    #expect(found.text == "^a{2}")
  }

  @Test(arguments: [
    ("discard", "raw", "{text: x}", true), ("discard", "raw", "{bytes: 1B}", true),
    ("discard", "raw", "{until: x}", true), ("discard", "raw", "none", false),
    ("{push: {every: 1s, send: x}}", "raw", "{matches: x}", true),
    ("discard", "websocket", "{text: x}", true), ("discard", "websocket", "none", false),
    ("{send: x}", "raw", "{text: x}", false), ("echo", "websocket", "{matches: x}", false),
  ])
  func `expect no answer of a server that gives none`(
    reply: String, spoken: String, expectation: String, isRefused: Bool
  ) {
    let found = errors(
      """
      server: {listen: "127.0.0.1:9000", reply: \(reply)}
      protocol: \(spoken)
      messages: {m: {every: 1s, send: x, expect: \(expectation)}}
      phases: [hold: {for: 1s, messages: m}]
      """)
    #expect(found.contains { $0.contains("so no answer comes back") } == isRefused, "\(found)")
    #expect(found.count == (isRefused ? 1 : 0), "\(found)")
  }

  @Test(arguments: [(40, "{text: "), (41, "{bytes: 41B}")])
  func `a hint names the whole answer`(count: Int, hint: String) {
    let found = errors(
      """
      server: {listen: "127.0.0.1:9000", reply: {send: "\(String(repeating: "x", count: count))"}}
      messages: {m: {every: 1s, send: x}}
      phases: [hold: {for: 1s, messages: m}]
      """)
    #expect(found.count == 1 && found[0].contains("write expect: \(hint)"), "\(found)")
  }

  @Test(arguments: ["delays: none", "substitute: {a: b}"])
  func `keys of conversations are refused without one, whatever is spoken`(key: String) {
    for spoken in ["raw", "websocket"] {
      let found = errors(
        """
        server: {listen: "127.0.0.1:9000"}
        protocol: \(spoken)
        messages: {m: {every: 1s, send: x, \(key)}}
        phases: [hold: {for: 1s, messages: m}]
        """)
      #expect(found.count == 1 && found[0].contains("is of use only with 'conversation'"))
    }
  }

  // MARK: Templates

  @Test func `have places for facts`() throws {
    #expect(
      try parts("a{connection}{sequence} {source}:{port}/{worker} {random:4096}\n") == [
        bytes("a"), .connection, .sequence, bytes(" "), .source, bytes(":"), .port, bytes("/"),
        .worker, bytes(" "), .random(4096), bytes("\n"),
      ])
  }

  @Test(arguments: [
    "{}", "{ }", "{", "}", "}}", "{\"a\": {\"b\": [1, {\"c\": 2}]}}", "{1}", "{a b}", "{a:}",
    "{a:b}", "{a-b}", "{\u{e9}}", "a{", "{\n}", "{\"port\": 1}", "{port: 80}", "{port, x}", "$5",
  ])
  func `leave braces alone that begin no place`(text: String) throws {
    #expect(try parts(text) == [bytes(text)])
  }

  @Test(arguments: [
    ("{{port}}", "{port}"), ("{{port}", "{port}"), ("{{", "{"), ("{{{{", "{{"), ("{{}}", "{}"),
    ("{{a}}}}", "{a}}}"), ("{{\"a\": {{\"b\": 1}}}}", "{\"a\": {\"b\": 1}}"),
  ])
  func `write a plain brace as two`(text: String, message: String) throws {
    #expect(try parts(text) == [bytes(message)])
  }

  @Test func `put places between plain braces`() throws {
    #expect(try parts("{{{port}}}") == [bytes("{"), .port, bytes("}")])
    #expect(try parts("{\"p\":{port}}") == [bytes("{\"p\":"), .port, bytes("}")])
  }

  @Test(arguments: [
    ("{conection}", "there is no placeholder '{conection}'", "did you mean '{connection}'?"),
    ("{Port}", "there is no placeholder '{Port}'", "did you mean '{port}'?"),
    ("{radnom:5}", "there is no placeholder '{radnom:5}'", "did you mean '{random:16}'?"),
    ("{random}", "'{random}' has no length", "write {random:16}"),
    ("{random:0}", "'{random:0}' is no use: a length is 1 to 4096", nil),
    (
      "{random:99999999999999999999}",
      "'{random:99999999999999999999}' is no use: a length is 1 to 4096", nil
    ),
    ("{sequence:5}", "'{sequence}' has no length", "write {sequence}"),
    (
      "x {connection", "'{connection' without its '}'",
      "write {connection}, or {{connection where a plain brace is meant"
    ),
    (
      "{random:8 }", "a placeholder has no spaces in it",
      "write {random:8}, or {{random where a plain brace is meant"
    ),
  ])
  func `say what is wrong with a place`(text: String, message: String, hint: String?) {
    #expect {
      try TemplateText.parse(text)
    } throws: { error in
      (error as? TemplateText.Failure)?.problem == Problem(message, hint: hint)
    }
  }

  /// Pieces that make trouble beside one another.
  private static let pieces = [
    "{", "}", "{{", "}}", "{port}", "{random:7}", "port", "a", ":", "5", "$", "\"", " ", "\u{e9}",
  ]

  @Test func `are written back as text without a loss`() throws {
    var read = 0
    for seed in 0..<(14 * 14 * 14 * 14) {
      var (text, rest) = ("", seed)
      for _ in 0..<4 {
        text += Self.pieces[rest % 14]
        rest /= 14
      }
      guard let template = try? TemplateText.parse(text) else { continue }
      read += 1
      let written = try #require(TemplateText.text(of: template))
      #expect(try TemplateText.parse(written) == template, "\(text) \(written)")
    }
    #expect(read > 10_000)
  }

  @Test func `have no text where they are not UTF-8`() {
    #expect(TemplateText.text(of: MessageTemplate(bytes: [0xFF])) == nil)
  }

  @Test func `are no longer than a buffer`() throws {
    let most = String(repeating: "x", count: MessageTemplate.mostBytes - 5)
    #expect(try TemplateText.parse(most + "{port}").longest == MessageTemplate.mostBytes)
    #expect(throws: TemplateText.Failure.self) { try TemplateText.parse(most + "x{port}") }
  }

  @Test func `come from files of 1 MiB at most`() throws {
    func read(_ count: Int) throws -> Plan {
      try Plan.read(
        text: """
          target: 127.0.0.1:6379
          messages: {ping: {every: 1s, file: x.bin}}
          phases: [hold: {for: 1s, messages: ping}]
          """, file: "test.plan",
        files: Plan.attached(["x.bin": [UInt8](repeating: 7, count: count)]))
    }
    #expect(try read(1 << 20).patterns.count == 1)
    #expect(throws: InvalidPlan.self) { try read(1 << 20 + 1) }
    #expect(throws: InvalidPlan.self) { try read(0) }
  }

  // MARK: Expressions

  @Test(arguments: [
    ("", 0), ("abc", 3), ("a+", 2), ("(ab)+", 6), ("a{3}", 3), ("a{2,5}", 5), ("a{3,}", 4),
    ("[a-z]{4}", 4), ("[]+{9}]", 1), ("[[:alpha:]{9}]", 1), ("\\({2}", 2),
    ("((a{10}){10}){10}", 1110),
    ("a|b", 3), ("(((", 3), (")))", 0), ("a{", 1), ("a{x}", 1),
    ("a{9223372036854775807,}", 1 << 30),
    ("(a{9223372036854775807}){9223372036854775807}", 1 << 30),
  ])
  func `bound what an expression takes`(text: String, size: Int) {
    #expect(ExpressionSize(text).total == size)
  }

  @Test(arguments: [
    ("(a)\\1", true), ("a\\\\1", false), ("[\\1]", false), ("\\.1", false), ("a{1}", false),
    ("x\\9", true),
  ])
  func `know an expression that refers back`(text: String, refers: Bool) {
    #expect(ExpressionSize(text).hasReference == refers)
  }

  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      String(repeating: "(", count: 500_000),
      String(repeating: "(a+", count: 40)
        + String(repeating: ")+", count: 40), "((((a{1,255}){1,255}){1,255}){1,255}){1,255}",
      "a{99999999999999999999}{99999}{99999}{99999}", "a{32767}",
      String(repeating: "a?", count: 900),
      String(repeating: "[", count: 2000),
    ])
  func `do not let an expression take all memory`(text: String) {
    let plan = """
      server: {listen: "127.0.0.1:9000"}
      messages: {ping: {every: 1s, send: x, expect: {matches: "\(text)"}}}
      phases: [hold: {for: 1s, messages: ping}]
      """
    #expect(errors(plan).allSatisfy { $0.hasPrefix("2:57: ") })
  }

  @Test func `bytes are binary messages of WebSockets, and all are where the plan says so`() throws
  {
    for (settings, kinds) in [
      ("websocket", [false, true]), ("{websocket: {binary: true}}", [true, true]),
    ] {
      let plan = try read(
        """
        target: 127.0.0.1:80
        protocol: \(settings)
        messages: {a: {every: 1s, send: a}, b: {every: 1s, bytes: 1B}}
        phases: [ramp: {to: 5, messages: [a, b]}]
        """)
      #expect(plan.patterns.map(\.isBinary) == kinds)
    }
  }

  @Test func `a text of WebSockets is UTF-8`() {
    let text = """
      target: 127.0.0.1:80
      protocol: websocket
      messages: {a: {every: 1s, file: raw.bin}}
      phases: [ramp: {to: 5, messages: a}]
      """
    #expect(
      errors(text, files: Plan.attached(["raw.bin": [0x61, 0xFF]])) == [
        "3:33: the file is no UTF-8, and a message of text must be"
          + " (write protocol: {websocket: {binary: true}})"
      ])
  }
}
