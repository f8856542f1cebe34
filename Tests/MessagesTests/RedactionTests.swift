import Glibc
import Testing

@testable import Messages

/// What an expression finds is not in what is kept, however the bytes came.
@Suite struct RedactionTests {
  private func redacted(
    _ conversation: RecordedConversation, _ expressions: [String], ended: Bool = true,
    most: Int = ConversationRecorder.mostBytes
  ) throws -> (RecordedConversation, isCut: Bool) {
    conversation.redacted(
      by: try expressions.map { try Redaction($0) }, clientEnded: ended, serverEnded: ended,
      most: most)
  }

  /// What is kept of a text that a client sent, and whether it was cut.
  private func kept(
    _ text: String, _ expressions: [String], ended: Bool = true
  ) throws -> (String, isCut: Bool) {
    let conversation = RecordedConversation(client: "c", steps: [send(text)])
    let (kept, isCut) = try redacted(conversation, expressions, ended: ended)
    return (String(decoding: kept.bytes(ofClient: true), as: UTF8.self), isCut)
  }

  private func send(_ text: String, after: UInt64 = 0) -> RecordedConversation.Step {
    .init(.send(Array(text.utf8)), after: after)
  }

  private func receive(_ text: String, after: UInt64 = 0) -> RecordedConversation.Step {
    .init(.receive(Array(text.utf8)), after: after)
  }

  @Test(arguments: [
    ("a secret b", "secret", "a REDACTED b"), ("secretsecret", "secret", "REDACTED"),
    ("secret secret", "secret", "REDACTED REDACTED"), ("nothing", "secret", "nothing"),
    ("AUTH pw\r\nGET", "AUTH ([[:graph:]]+)", "AUTH REDACTED\r\nGET"),
    ("user=a pass=b", "pass=(.*)$", "user=a pass=REDACTED"),
    ("ababa", "a(b)a", "aREDACTEDaREDACTEDa"), ("a k z", "a.*(z)|k", "a REDACTED REDACTED"),
    ("b", "(a)|b", "REDACTED"), ("pin=123;", "pin=([0-9])+;", "REDACTED"),
    ("pin=123;", "pin=([0-9]+);", "pin=REDACTED;"), ("aXbX", "((a|b)X)+", "REDACTED"),
    ("ab;", "(a(b)?);", "REDACTED;"), ("key=;", "key=([a-z]*)", "key=;"),
    ("1234 5678x", "[0-9]{4}", "REDACTED REDACTEDx"),
    ("aaa", "a*", "REDACTED"), ("x", "", "x"),
  ])
  func `what is found is replaced, or what is in the first parentheses`(
    text: String, expression: String, expected: String
  ) throws {
    let (kept, isCut) = try kept(text, [expression])
    #expect(kept == expected)
    #expect(!isCut)
  }

  @Test(arguments: [
    ("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n", "AUTH\r\n[^\r]*\r\n([^\r]*)", "$8\r\nREDACTED\r\n"),
    ("*1\r\n$12\r\nid=1;pin=22;\r\n", "[12]+;", "$23\r\nid=REDACTEDpin=REDACTED\r\n"),
    // What has the protocol's own bytes in it leaves a length that counts no longer.
    ("*1\r\n$12\r\nid=1;pin=22;\r\n", "1;.*", "$12\r\nid=REDACTED"),
    ("*1\r\n$12\r\nid=1;pin=22;\r\n", "\r\n(12?)", "*1\r\n$12\r\nid=1;pin=22;\r\n"),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nid=22", "[0-9]{2}",
      "Length: 11\r\n\r\nid=REDACTED"
    ),
  ])
  func `lengths count what is left`(text: String, expression: String, end: String) throws {
    let (kept, isCut) = try kept(text, [expression])
    #expect(kept.hasSuffix(end), "\(kept)")
    #expect(!isCut)
    for split in 1..<text.utf8.count {
      let steps = [text.utf8.prefix(split), text.utf8.dropFirst(split)].map {
        RecordedConversation.Step(.send(Array($0)), after: 0)
      }
      let (apart, _) = try redacted(RecordedConversation(client: "c", steps: steps), [expression])
      #expect(String(decoding: apart.bytes(ofClient: true), as: UTF8.self) == kept)
    }
  }

  @Test func `several expressions look at the same bytes`() throws {
    #expect(try kept("abcd", ["bc", "cd"]).0 == "aREDACTED")
    #expect(try kept("abcd", ["ab", "d"]).0 == "REDACTEDcREDACTED")
  }

  @Test func `zero bytes and bytes that are no text hide nothing`() throws {
    let bytes: [UInt8] = [0, 0xFF] + Array("pin=12".utf8) + [0, 0xC3] + Array("34".utf8)
    let conversation = RecordedConversation(
      client: "c", steps: [.init(.send(bytes), after: 0)])
    let (kept, _) = try redacted(conversation, ["pin=[0-9]+", "..34"])
    #expect(kept.bytes(ofClient: true) == [0, 0xFF] + Redaction.word)
  }

  @Test func `a secret that came in two steps is in neither, wherever it was split`() throws {
    let text = Array("x AUTH s3cr3t\r\nGET a\r\n".utf8)
    for split in 0...text.count {
      let conversation = RecordedConversation(
        client: "c",
        steps: [
          .init(.send(Array(text[..<split])), after: 1),
          .init(.receive(Array("s3c".utf8)), after: 2),
          .init(.send(Array(text[split...])), after: 3),
          .init(.close(byClient: true), after: 4),
        ])
      let (kept, isCut) = try redacted(conversation, ["AUTH ([[:graph:]]+)"])
      #expect(!isCut)
      let sent = String(decoding: kept.bytes(ofClient: true), as: UTF8.self)
      #expect(sent == "x AUTH REDACTED\r\nGET a\r\n", "split at \(split)")
      #expect(kept.bytes(ofClient: false) == Array("s3c".utf8))
      #expect(kept.steps.last?.action == .close(byClient: true))
    }
  }

  @Test func `no split of any stream keeps a match`() throws {
    var random = Seeded(state: 3)
    for _ in 0..<1500 {
      let pattern = ExpressionTests.pattern(depth: 2, &random)
      let bytes = (0..<Int.random(in: 1...16, using: &random)).map { _ in
        [UInt8](arrayLiteral: 0x61, 0x62, 0x63).randomElement(using: &random)!
      }
      var steps: [RecordedConversation.Step] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...5, using: &random))
        rest = rest.dropFirst(piece.count)
        steps.append(.init(.receive(Array(piece)), after: 0))
        steps.append(send("-"))
      }
      let ended = Bool.random(using: &random)
      let (kept, _) = try redacted(
        RecordedConversation(client: "c", steps: steps), [pattern], ended: ended)
      let left = kept.bytes(ofClient: false)
      let secrets = try Self.secrets(pattern, in: left, ended: ended)
      #expect(
        secrets.isEmpty,
        "\(pattern) in \(String(decoding: bytes, as: UTF8.self)): \(String(decoding: left, as: UTF8.self))"
      )
    }
  }

  /// What the C library finds from each place on: what is in the first group, or the match.
  private static func secrets(
    _ pattern: String, in bytes: [UInt8], ended: Bool
  ) throws -> [Range<Int>] {
    var compiled = regex_t()
    try #require(regcomp(&compiled, pattern, REG_EXTENDED) == 0)
    defer { regfree(&compiled) }
    let hidesGroup = try Redaction(pattern).hidesGroup
    var secrets: [Range<Int>] = []
    for place in bytes.indices {
      var ranges = [regmatch_t](repeating: regmatch_t(), count: 2)
      ranges[0] = regmatch_t(rm_so: regoff_t(place), rm_eo: regoff_t(bytes.count))
      let code = bytes.withUnsafeBytes {
        regexec(
          &compiled, $0.baseAddress?.assumingMemoryBound(to: CChar.self), 2, &ranges,
          REG_STARTEND | (place > 0 ? REG_NOTBOL : 0) | (ended ? 0 : REG_NOTEOL))
      }
      guard code == 0 else { continue }
      let secret = hidesGroup && ranges[1].rm_so >= 0 ? ranges[1] : ranges[0]
      if secret.rm_eo > secret.rm_so { secrets.append(Int(secret.rm_so)..<Int(secret.rm_eo)) }
    }
    return secrets
  }

  // MARK: What could not be checked

  @Test(arguments: [
    ("a AUTH s3c", "a "), ("a AUTH", "a "), ("a AUTH s3cret\r\n", "a AUTH REDACTED\r\n"),
    ("a AUT\r\n", "a AUT\r\n"),
  ])
  func `what may be the beginning of a match is not kept when more could have come`(
    text: String, expected: String
  ) throws {
    let (kept, isCut) = try kept(text, ["AUTH ([[:graph:]]+)"], ended: false)
    #expect(kept == expected)
    #expect(isCut == (text.utf8.last != UInt8(ascii: "\n")))
  }

  @Test func `the conversation ends where it could not be checked any more`() throws {
    let conversation = RecordedConversation(
      client: "c",
      steps: [send("one"), receive("two"), send("three sec"), receive("four")])
    let (kept, isCut) = try redacted(conversation, ["secret"], ended: false)
    #expect(isCut)
    #expect(kept.steps == [send("one"), receive("two"), send("three ")])
  }

  @Test func `without an expression all is kept`() throws {
    let conversation = RecordedConversation(client: "c", steps: [send("one"), receive("two")])
    let (kept, isCut) = try redacted(conversation, [], ended: false)
    #expect(kept == conversation)
    #expect(!isCut)
  }

  @Test func `an expression that takes too long keeps nothing unchecked`() throws {
    // From each x it would look for a z to the end.
    let text = String(repeating: "x", count: 3000) + "k"
    let (kept, isCut) = try kept(text, ["x.*z|(x)"])
    #expect(isCut)
    #expect(!kept.contains("x") && !kept.contains("k"))
    #expect(kept.hasPrefix("REDACTED"))
  }

  // MARK: Steps

  @Test func `a step of which nothing is left is not there, but its time is`() throws {
    let conversation = RecordedConversation(
      client: "c",
      steps: [
        send("a sec", after: 1), receive("x", after: 10), send("ret", after: 100),
        receive("y", after: 1000),
      ])
    let (kept, _) = try redacted(conversation, ["secret"])
    #expect(
      kept.steps == [
        send("a REDACTED", after: 1), receive("x", after: 10), receive("y", after: 1100),
      ])
  }

  @Test func `what grows beyond the bound is cut`() throws {
    let conversation = RecordedConversation(
      client: "c", steps: [send("1a1a"), receive("b"), send("1")])
    let (kept, isCut) = try redacted(conversation, ["1"], most: 20)
    #expect(isCut)
    #expect(kept.steps == [send("REDACTEDaREDACTEDa"), receive("b")])
  }

  @Test func `an expression that is none is refused`() {
    for text in ["(", "a{", "\\b", "(a)\\1", "(a{1000}){1000}"] {
      #expect(throws: BytePattern.Invalid.self) { try Redaction(text) }
    }
  }
}
