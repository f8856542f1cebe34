import Addressing
import GoldenFiles
import Testing

@testable import Messages

/// What expressions, redactions, substitutions and recordings come to reads as it did.
@Suite struct StoryTests {
  private static let pieces = [
    "a", "b", "c", "ab", ".", "^", "$", "(", ")", "|", "*", "+", "?", "{2}", "{1,2}", "{,2}",
    "{2,}",
    "{2,1}", "{99999}", "{", "}", "[ab]", "[^a]", "[a-c]", "[c-a]", "[", "]", "[]a]", "[a-]",
    "[[:digit:]]",
    "[[:odd:]]", "\\d", "\\W", "\\s", "\\n", "\\.", "\\\\", "\\1", "\\b", "\\", "(?i)", "é",
    "\u{0}",
  ]

  private static func expression(_ chance: inout Chance) -> String {
    (0..<1 + chance.below(6)).map { _ in chance.pick(pieces) }.joined()
  }

  @Test func `what an expression is taken for`() throws {
    var chance = Chance(1)
    let texts =
      Self.pieces + (0..<400).map { _ in Self.expression(&chance) } + [
        String(repeating: "(", count: 101),
        String(repeating: "(", count: 100) + String(repeating: ")", count: 100),
        "(a{200}){21}", "(a{200}){19}", "a{32767}", "a{32768}",
      ]
    let lines = texts.map { text in
      do throws(BytePattern.Invalid) {
        let (expression, repeats) = try Expression.parsed(text)
        let pattern = try BytePattern(text)
        let short = text.utf8.count > 40 ? "\(text.utf8.count) bytes" : told(expression)
        return
          "\(text.prefix(40)): \(short) \(repeats) posix \(Expression.posix(text).prefix(40)), words"
          + " \(pattern.search.layout.words), \(told(pattern.search.layout.atStart))"
      } catch {
        return "\(text.prefix(40)): \(error.reason) \(error.hint ?? "")"
      }
    }
    #expect(try difference("expressions.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `which bytes a set has`() throws {
    let sets =
      [
        "alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct", "print", "graph",
        "cntrl",
        "xdigit",
      ].map { "[[:\($0):]]" } + [
        ".", "[^a]", "[a-c]", "[^a-c]", "[]a]", "[^]a]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S",
      ]
    let lines = try sets.map { text in
      guard case .byte(let set) = try Expression(text) else { return "\(text): no set" }
      // As ranges.
      var ranges: [ClosedRange<UInt8>] = []
      for byte in UInt8.min...UInt8.max where set.contains(byte) {
        if let last = ranges.last, last.upperBound &+ 1 == byte, byte > 0 {
          ranges[ranges.count - 1] = last.lowerBound...byte
        } else {
          ranges.append(byte...byte)
        }
      }
      return "\(text): \(ranges)"
    }
    #expect(try difference("sets.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  private static func bytes(_ chance: inout Chance, _ most: Int) -> [UInt8] {
    (0..<chance.below(most)).map { _ in chance.pick(Array("aabbc7 \n".utf8)) }
  }

  private static func steps(_ chance: inout Chance) -> [RecordedConversation.Step] {
    (0..<chance.below(7)).map { _ in
      let after = UInt64(chance.pick([0, 0, 1, 5, 1000]))
      return switch chance.below(10) {
      case 0..<5: .init(.send(bytes(&chance, 12)), after: after)
      case 5..<9: .init(.receive(bytes(&chance, 12)), after: after)
      default: .init(.close(byClient: chance.happens(50)), after: after)
      }
    }
  }

  private static func text(_ steps: [RecordedConversation.Step]) -> String {
    steps.map { step in
      switch step.action {
      case .send(let bytes):
        "+\(step.after) > \(String(decoding: bytes, as: UTF8.self).debugDescription)"
      case .receive(let bytes, _):
        "+\(step.after) < \(String(decoding: bytes, as: UTF8.self).debugDescription)"
      case .close(let byClient): "+\(step.after) \(byClient ? "client" : "server") closes"
      }
    }.joined(separator: ", ")
  }

  @Test func `what is taken out of bytes, and out of conversations`() throws {
    var lines: [String] = []
    for seed in 0..<300 as Range<UInt64> {
      var chance = Chance(seed)
      let texts = (0..<1 + chance.below(2)).map { _ in Self.expression(&chance) }
      let redactions = texts.compactMap { try? Redaction($0) }
      guard !redactions.isEmpty else { continue }
      let bytes = Self.bytes(&chance, 24)
      let all = redactions.findings(in: bytes, isWhole: true)
      let some = redactions.findings(in: bytes, isWhole: false)
      lines.append(
        "\(texts) in \(String(decoding: bytes, as: UTF8.self).debugDescription): \(all.hidden)"
          + " \(all.checked); \(some.hidden) \(some.checked); \(redactions.map(\.hidesGroup))")
      let conversation = RecordedConversation(client: "c", steps: Self.steps(&chance))
      let (kept, isCut) = conversation.redacted(
        by: redactions, clientEnded: chance.happens(50), serverEnded: chance.happens(50),
        most: chance.pick([8, 20, 1000]))
      lines.append("  \(Self.text(conversation.steps)) → \(Self.text(kept.steps)), \(isCut)")
    }
    #expect(try difference("redactions.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what a recording becomes that clients play`() throws {
    var lines: [String] = []
    for seed in 1000..<1200 as Range<UInt64> {
      var chance = Chance(seed)
      let steps = Self.steps(&chance)
      let substitutions = (0..<chance.below(3)).map { _ in
        Substitution(
          old: Array(chance.pick(["a", "ab", "b", "c7", "\n"]).utf8),
          new: MessageTemplate(
            parts: chance.pick([[], [.port], [.bytes([65]), .source], [.random(3), .bytes([66])]])))
      }
      lines.append(
        Self.text(steps)
          + " with \(substitutions.map { String(decoding: $0.old, as: UTF8.self).debugDescription })"
      )
      do throws(ConversationPattern.Flaw) {
        let pattern = try ConversationPattern(
          file: "f", [RecordedConversation(client: "", steps: steps)],
          expectation: chance.pick(ConversationPattern.Expectation.allCases),
          keepsDelays: chance.happens(60), substitutions: substitutions)
        lines += pattern.scripts.map {
          "  \(told($0)); longest \($0.longestDuration(timeout: 100))"
        }
      } catch {
        lines.append("  \(told(error))")
      }
    }
    #expect(try difference("scripts.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what is recorded of a conversation`() throws {
    var lines: [String] = []
    for seed in 2000..<2080 as Range<UInt64> {
      var chance = Chance(seed)
      var recorder = ConversationRecorder(client: "c", started: 1000)
      var (room, now) = (chance.pick([0, 10, 200, 400, 1 << 20]), 1000 as UInt64)
      for _ in 0..<chance.below(9) {
        now += UInt64(chance.pick([0, 1, 999_999, 1_000_000, 1_000_001, 5_000_000]))
        if chance.happens(15) {
          recorder.close(byClient: chance.happens(50), at: now, room: &room)
        } else {
          recorder.add(Self.bytes(&chance, 9), fromClient: chance.happens(50), at: now, room: &room)
        }
      }
      lines.append(
        "\(seed). \(Self.text(recorder.conversation.steps)); room \(room), \(recorder.isTruncated)"
          + " \(recorder.clientEnded) \(recorder.serverEnded)")
    }
    #expect(try difference("recorded.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what a message says`() throws {
    let templates: [MessageTemplate] = [
      .init(parts: []), .init(bytes: []), .init(bytes: [97]),
      .init(parts: [.bytes([97]), .bytes([98])]),
      .init(parts: [.connection, .bytes([32]), .sequence, .bytes([32]), .worker]),
      .init(parts: [.source, .bytes([58]), .port]), .init(parts: [.random(0)]),
      .init(parts: [.random(1)]),
      .init(parts: [.random(9), .bytes([45]), .random(40)]),
    ]
    let numbers: [UInt64] = [0, 1, 9, 10, 99, 100, 12_345_678_901, .max]
    let sources: [IPAddress] = [
      .v4(0x7F00_0001), .v4(0), .v4(.max), .v6(0), .v6(1), .v6(0xFE80 << 112 | 0xA0B), .v6(.max),
      .v6(0x2001_0DB8 << 96 | 1 << 64), .v6(0xFFFF << 32 | 0x7F00_0001),
    ]
    var lines: [String] = []
    for (index, template) in templates.enumerated() {
      lines.append("\(index): longest \(template.longest), fixed \(told(template.fixed as Any))")
      let (steps, texts) = template.steps
      for (number, value) in numbers.enumerated() {
        let facts = MessageTemplate.Facts(
          connection: value, sequence: numbers[(number + 3) % numbers.count],
          source: sources[number % sources.count], port: UInt16([0, 9, 10, 65_535][number % 4]),
          worker: number, seed: UInt64(number % 3))
        var buffer = [UInt8](repeating: 0, count: max(1, template.longest))
        let count = unsafe steps.withUnsafeBufferPointer { steps in
          unsafe texts.withUnsafeBytes { texts in
            unsafe buffer.withUnsafeMutableBytes { buffer in
              unsafe MessageTemplate.render(steps, texts: texts, facts, into: buffer)
            }
          }
        }
        lines.append("  " + String(decoding: buffer[..<count], as: UTF8.self))
      }
    }
    #expect(try difference("messages.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
