import Foundation
import Messages
import Testing

@testable import Plan

/// A plan that plays a file of conversations.
func planPlaying(_ file: [UInt8], _ more: String = "") throws -> Plan {
  try Plan.read(
    text: """
      target: 127.0.0.1:6379
      messages: {talk: {conversation: talks/talk.yaml\(more)}}
      phases: [hold: {for: 1s, messages: talk}]
      """, file: "plans/test.plan", files: Plan.attached(["talks/talk.yaml": file]))
}

func planPlaying(_ file: String, _ more: String = "") throws -> Plan {
  try planPlaying(Array(file.utf8), more)
}

/// Files of conversations: what docs/capture.md says of them, and what they become.
@Suite struct ConversationFileTests {
  private func conversations(_ file: String) throws -> [ConversationScript] {
    try #require(try planPlaying(file).patterns[0].conversation).scripts
  }

  private func diagnostics(_ file: [UInt8], _ more: String = "") -> [Diagnostic] {
    do {
      _ = try planPlaying(file, more)
      return []
    } catch {
      return (error as? InvalidPlan)?.diagnostics ?? []
    }
  }

  private func file(_ steps: String) -> String {
    "conversation: 1\nconnections:\n  - steps:\n\(steps)"
  }

  @Test func `the page's examples are files`() throws {
    let page = try CapturePage()
    #expect(page.examples.count == 3)
    for example in page.examples {
      #expect(try conversations(example).isEmpty == false, "\(example)")
    }
    #expect(page.plans.count == 1)
    let files = try PlanPage().files.merging(
      ["session.yaml": file("      - {send: key}\n      - {receive: <password>}\n")]
    ) { $1 }
    for plan in page.plans {
      #expect(throws: Never.self) {
        try Plan.read(
          text: plan, file: "page.plan",
          files: Plan.attached(files.mapValues { Array($0.utf8) }))
      }
    }
  }

  @Test func `every error is what its file gives`() throws {
    let page = try CapturePage()
    #expect(page.mistakes.count >= 30)
    for mistake in page.mistakes {
      let found = diagnostics(Array(mistake.text.utf8))
      #expect(found.map(\.message) == [mistake.error], "line \(mistake.line): \(found)")
      #expect(found.allSatisfy { $0.file == "plans/talks/talk.yaml" }, "line \(mistake.line)")
    }
  }

  @Test func `steps are what was said, byte for byte`() throws {
    let scripts = try conversations(
      """
      conversation: 1
      connections:
        - client: 127.0.0.1:5
          steps:
            - {send: "a\\r\\n\\x00\\u00e9${x} {port} {{", after: 400us}
            - {receive: {base64: "AAEC/w=="}, after: 1.5us}
            - {send: plain, after: 0.001us}
            - {close: client, after: 2ms}
        - steps: [{receive: 5}]
      """)
    #expect(scripts.count == 2)
    let first = scripts[0]
    let said = Array("a\r\n\0é${x} {port} {{".utf8)
    #expect(first.cues[0].act == .say(MessageTemplate(bytes: said)))
    #expect(first.cues[0].delay == 400_000)
    #expect(first.answers[0].texts[0].fixed == [0, 1, 2, 255])
    #expect(first.answers[0].lag == 1_500)
    #expect(first.cues[1].act == .say(MessageTemplate(bytes: Array("plain".utf8))))
    #expect(first.cues[1].delay == 1)
    #expect(first.cues[2].act == .close)
    #expect(scripts[1].answers[0].texts[0].fixed == Array("5".utf8))
  }

  @Test func `what may be anything cuts an answer in texts`() throws {
    let script = try conversations(
      """
      conversation: 2
      connections:
        - steps:
            - receive: [{any: x}, "a", "b", {any: {base64: "AP8="}}, {base64: "AQ=="}]
            - receive: ["c", {any: ""}, "d"]
            - send: e
      """)[0]
    #expect(script.answers.map { $0.texts.map(\.fixed) } == [[[], [97, 98], [1, 99], [100]]])
    #expect(script.cues.map(\.answersBefore) == [1])
  }

  @Test func `a text that is put in where anything ends begins with a fixed byte`() throws {
    let file = """
      conversation: 2
      connections: [{steps: [{receive: ["a", {any: b}, "key;"]}]}]
      """
    let found = diagnostics(Array(file.utf8), ", substitute: {key: \"{port}\"}")
    #expect(
      found.map(\.message) == [
        "what may be anything would end here, with a byte that each connection has another one of"
      ])
    #expect(diagnostics(Array(file.utf8), ", substitute: {key: \"k{port}\"}").isEmpty)
    // What may be anything holds no old text, and none goes across it.
    #expect(
      diagnostics(Array(file.utf8), ", substitute: {b: x, ak: x, abk: x}").map(\.message)
        == ["b", "ak", "abk"].map { "'\($0)' is nowhere in what is played" })
  }

  @Test func `the page names every volatile header`() throws {
    let page = try CapturePage()
    #expect(page.headers.map { $0.lowercased() }.sorted() == VolatileHeaders.names.sorted())
  }

  @Test func `an error names the file, the line and the column, and shows the line`() throws {
    let found = diagnostics(
      Array(file("      - {send: a}\n      - {recieve: b}\n      - {send: c, after: 9}\n").utf8))
    #expect(
      found.map { $0.rendered(file: "plans/test.plan") } == [
        """
        plans/talks/talk.yaml:5:10: error: unknown key 'recieve' in a step
          5 |       - {recieve: b}
            |          ^ did you mean 'receive'?
        """,
        """
        plans/talks/talk.yaml:6:26: error: '9' is a duration without a unit
          6 |       - {send: c, after: 9}
            |                          ^ write 9s for seconds or 9ms for milliseconds
        """,
      ])
  }

  @Test func `a file that two messages play is read once`() throws {
    let text = """
      target: 127.0.0.1:6379
      messages:
        one: {conversation: talk.yaml}
        two: {conversation: ./talk.yaml, every: 5s}
      phases: [hold: {for: 1s, messages: [one, two]}]
      """
    #expect {
      try Plan.read(
        text: text, file: "test.plan", files: Plan.attached(["talk.yaml": Array("x: 1".utf8)]))
    } throws: { error in
      (error as? InvalidPlan)?.diagnostics.count == 1
    }
    let plan = try Plan.read(
      text: text, file: "test.plan",
      files: Plan.attached(["talk.yaml": Array(file("      - {send: a}").utf8)]))
    #expect(plan.patterns.map(\.pace) == [.once, .every(5_000_000_000)])
    #expect(plan.patterns[0].conversation?.scripts == plan.patterns[1].conversation?.scripts)
    #expect(plan.attachments.count == 1)
  }

  @Test func `a path starts at the file that it stands in`() throws {
    let plan = try Plan.read(
      text: """
        include: shared/lab.plan
        target: 127.0.0.1:6379
        phases: [hold: {for: 1s, messages: talk}]
        """, file: "test.plan",
      files: Plan.attached([
        "shared/lab.plan": Array("messages: {talk: {conversation: talk.yaml}}".utf8),
        "shared/talk.yaml": Array(file("      - {send: a}").utf8),
      ]))
    #expect(plan.patterns[0].conversation?.file == "shared/talk.yaml")
  }

  @Test func `bytes that are no UTF-8 have a place`() {
    let found = diagnostics(Array("conversation: 1\nforward: ".utf8) + [0xFF])
    #expect(found.map(\.message) == ["the file is not UTF-8 from here on"])
    #expect(found.map(\.line) == [2])
    #expect(found.map(\.column) == [10])
  }

  @Test func `control characters are written as escapes`() {
    let found = diagnostics(Array(file("      - {send: \"\u{1B}\"}").utf8))
    #expect(
      found.map(\.message) == [
        "a conversation has no control or private-use characters, and this is U+1B"
      ])
  }

  @Test(arguments: [
    0, 7, 0x7F, 0x85, 0xA0, 0xD7FF, 0xE000, 0xF8FF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F600,
    0xE0001, 0xEFFFF,
  ])
  func `an escape stands for its character`(value: UInt32) throws {
    let digits = String(value, radix: 16)
    let escape = "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    let script = try conversations(file("      - {send: \"\(escape)\"}"))[0]
    let text = String(try #require(Unicode.Scalar(value)))
    #expect(script.cues[0].act == .say(MessageTemplate(bytes: Array(text.utf8))))
  }

  @Test func `characters that the reader keeps for itself are not taken for others`() throws {
    for value in ["000F0000", "000f0001", "0010FFFF"] {
      let found = diagnostics(Array(file("      - {send: \"a\\U\(value)\"}").utf8))
      #expect(found.map(\.column) == [18])
      #expect(found.map(\.hint) == ["write what was said as {base64: ...}"])
    }
    let script = try conversations(file("      - {send: \"\\\\U000F0000\"}"))[0]
    #expect(script.cues[0].act == .say(MessageTemplate(bytes: Array("\\U000F0000".utf8))))
  }

  @Test func `a file has 1 MiB at most`() throws {
    let line = "      - {send: a, after: 1ms} #"
    let padding = String(repeating: "x", count: (1 << 20) - file(line).utf8.count)
    #expect(try conversations(file(line) + padding).count == 1)
    #expect(
      diagnostics(Array((file(line) + padding + "x").utf8)).map(\.message) == [
        "a file of conversations has no more than 1 MiB, and 'talks/talk.yaml' is larger"
      ])
  }

  @Test func `what is put in makes no more than 1 MiB`() {
    let texts = (0..<300).map { _ in "      - {send: a, after: 1ms}\n" }.joined()
    let found = diagnostics(Array(file(texts).utf8), ", substitute: {a: \"{random:4096}\"}")
    #expect(
      found.map(\.message) == [
        "with what is put into them, the conversations have more than 1 MiB"
      ])
  }

  @Test func `every text that is nowhere is an error`() {
    let found = diagnostics(
      Array(file("      - {send: abc}").utf8), ", substitute: {x: 1, b: 2, y: 3}")
    #expect(
      found.map(\.message) == [
        "'x' is nowhere in what is played", "'y' is nowhere in what is played",
      ])
  }

  // MARK: Effective form

  @Test func `a file in which something may be anything reads as the same plan again`() throws {
    let file = "conversation: 2\nconnections: [{steps: [{receive: [a, {any: b}, c]}]}]"
    let plan = try planPlaying(file)
    let again = try Plan.read(
      text: plan.effective, file: "test.plan", files: Plan.attached(plan.attachments))
    #expect(again.essence == plan.essence)
    #expect(again.patterns[0].conversation?.scripts[0].answers[0].texts.count == 2)
  }

  @Test(arguments: [
    "", ", expect: length, delays: none, timeout: 250ms, rate: 5/s", ", expect: none, every: 1h",
    ", substitute: {\"${a}\": \"${X:-{port}}\", \"b: \\\"\": \"$${ {{d}}\"}",
  ])
  func `reads as the same plan again`(more: String) throws {
    let file = file("      - {send: \"${a} b: \\\" {port}\", after: 5us}\n      - {receive: x}\n")
    let plan = try planPlaying(file, more)
    let again = try Plan.read(
      text: plan.effective, file: "test.plan", files: Plan.attached(plan.attachments))
    #expect(again.essence == plan.essence)
    #expect(again.effective == plan.effective)
  }

  @Test func `spells out the defaults`() throws {
    let plan = try planPlaying(file("      - {send: a}"), ", substitute: {a: \"b {port}\"}")
    #expect(
      plan.effective.contains(
        """
        messages:
          talk: {conversation: talks/talk.yaml, expect: same, delays: recorded, \
        substitute: {"a": "b {port}"}, timeout: 5s}
        phases:
        """))
  }

  // MARK: Base64

  @Test func `base64 is read as it is written elsewhere`() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64.bytes(of: Data(bytes).base64EncodedString()) == bytes)
    }
  }

  @Test(arguments: [
    "A", "AA", "AAA", "AA=A", "A===", "====", "AB==", "AAB=", "AA==AA==", "AA-_", "é",
  ])
  func `what is not base64 is refused`(text: String) {
    #expect(Base64.bytes(of: text) == nil)
  }
}
