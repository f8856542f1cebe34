import Messages
import Testing

/// How a recording becomes what clients play.
@Suite struct ConversationScriptTests {
  private typealias Step = RecordedConversation.Step

  private func script(
    _ steps: [Step], expectation: ConversationPattern.Expectation = .same,
    keepsDelays: Bool = true
  ) throws -> ConversationScript {
    try ConversationPattern(
      file: "", [RecordedConversation(client: "", steps: steps)], expectation: expectation,
      keepsDelays: keepsDelays
    ).scripts[0]
  }

  private func say(_ text: String) -> ConversationScript.Act {
    .say(MessageTemplate(bytes: Array(text.utf8)))
  }

  private func sends(_ text: String, _ after: UInt64 = 0) -> Step {
    Step(.send(Array(text.utf8)), after: after)
  }

  private func receives(_ text: String, _ after: UInt64 = 0) -> Step {
    Step(.receive(Array(text.utf8)), after: after)
  }

  @Test func `joins what one of the two said in one go`() throws {
    let script = try script([
      sends("a", 5), sends("b"), sends("c", 7), receives("1", 10), receives("2", 20), sends("d", 3),
    ])
    #expect(script.cues.map(\.act) == [say("ab"), say("c"), say("d")])
    #expect(script.cues.map(\.delay) == [5, 7, 3])
    #expect(script.cues.map(\.followsAnswer) == [false, false, true])
    #expect(script.cues.map(\.answersBefore) == [0, 0, 1])
    #expect(script.answers.map(\.texts[0].fixed) == [Array("12".utf8)])
    #expect(script.answers.map(\.lag) == [30])
    #expect(script.answers.map(\.cuesBefore) == [2])
    #expect(script.closeLag == nil)
  }

  @Test func `has no delays where they are not wanted`() throws {
    let script = try script(
      [sends("a", 5), sends("b", 6), receives("1", 10), sends("c", 3)], keepsDelays: false)
    #expect(script.cues.map(\.act) == [say("ab"), say("c")])
    #expect(script.cues.map(\.delay) == [0, 0])
    // Those of the server are the server's.
    #expect(script.answers.map(\.lag) == [10])
  }

  @Test func `counts the server's time as delay where answers are not waited for`() throws {
    let script = try script(
      [receives("0", 1), sends("a", 5), receives("1", 10), receives("2", 20), sends("b", 3)],
      expectation: .none)
    #expect(script.cues.map(\.delay) == [6, 33])
    #expect(script.answers.isEmpty)
    #expect(script.cues.map(\.answersBefore) == [0, 0])
  }

  @Test func `ends where either side closes`() throws {
    let client = try script([sends("a"), Step(.close(byClient: true), after: 9)])
    #expect(client.cues.map(\.act) == [say("a"), .close])
    #expect(client.cues[1].delay == 9)
    let server = try script([
      sends("a"), Step(.close(byClient: false), after: 9), sends("b"),
    ])
    #expect(server.cues.map(\.act) == [say("a")])
    #expect(server.closeLag == 9)
    let both = try script([
      sends("a"), Step(.close(byClient: true), after: 0), Step(.close(byClient: false), after: 9),
    ])
    #expect(both.cues.map(\.act) == [say("a"), .close])
    #expect(both.closeLag == nil)
  }

  @Test func `goes on listening only where there was something to hear`() throws {
    let steps = [sends("a"), Step(.close(byClient: true), after: 0), receives("1")]
    #expect(try script(steps).cues.map(\.act) == [say("a"), .finish, .close])
    #expect(try script(steps, expectation: .none).cues.map(\.act) == [say("a"), .close])
    let closed = steps + [Step(.close(byClient: false), after: 4)]
    #expect(try script(closed).cues.map(\.act) == [say("a"), .finish])
    #expect(try script(closed).closeLag == 4)
    #expect(try script(closed, expectation: .none).cues.map(\.act) == [say("a"), .finish])
  }

  @Test func `tells how long it may take`() throws {
    let script = try script([sends("a", 5), receives("1", 10), sends("b", 7)])
    #expect(script.longestDuration(timeout: 100) == 5 + 10 + 7 + 4 * 100)
    #expect(script.longestDuration(timeout: .max) == .max)
    let pattern = MessagePattern(
      name: "", pace: .once,
      conversation: try ConversationPattern(file: "", []), timeout: 100)
    #expect(pattern.longestDuration == 100)
    let played = MessagePattern(
      name: "", pace: .once,
      conversation: try ConversationPattern(
        file: "",
        [
          RecordedConversation(client: "", steps: [sends("a", 5), receives("1", 10)]),
          RecordedConversation(client: "", steps: [sends("a", 500), receives("1", 10)]),
          RecordedConversation(client: "", steps: [sends("a", 7)]),
        ]), timeout: 100)
    #expect(played.longestDuration == 500 + 10 + 3 * 100)
  }

  // MARK: What may be anything

  private func heard(_ text: String, _ anything: Range<Int>..., after: UInt64 = 0) -> Step {
    Step(.receive(Array(text.utf8), anything: anything), after: after)
  }

  @Test func `an answer is cut where anything may come`() throws {
    let script = try script([
      heard("ab12cd", 2..<4, after: 5), heard("e", after: 6), heard("3f4g", 0..<1, 2..<3, after: 7),
      sends("h"), heard("5i", 0..<1),
    ])
    let texts = script.answers.map { answer in
      answer.texts.map { String(decoding: $0.fixed ?? [], as: UTF8.self) }
    }
    #expect(texts == [["ab", "cde", "f", "g"], ["", "i"]])
    #expect(script.answers.map(\.lag) == [18, 0])
    #expect(script.cues.map(\.answersBefore) == [1])
    #expect(script.longestDuration(timeout: 100) == 18 + 4 * 100)
  }

  @Test func `no text is found across what may be anything, or in it`() throws {
    let conversation = RecordedConversation(client: "", steps: [heard("akeykekeyy", 2..<5)])
    let pattern = try ConversationPattern(
      file: "", [conversation],
      substitutions: [Substitution(old: Array("key".utf8), new: MessageTemplate(bytes: [46]))])
    #expect(
      pattern.scripts[0].answers[0].texts.map(\.fixed) == [Array("ak".utf8), Array("e.y".utf8)])
    #expect(throws: ConversationPattern.Flaw.unused([0])) {
      try ConversationPattern(
        file: "", [conversation],
        substitutions: [Substitution(old: Array("eyk".utf8), new: MessageTemplate(bytes: [46]))])
    }
  }

  // MARK: Substitutions

  private func replaced(
    _ text: String, _ substitutions: [(String, [MessageTemplate.Part])]
  ) throws -> [MessageTemplate.Part]? {
    let conversation = RecordedConversation(client: "", steps: [sends(text)])
    let pattern = try ConversationPattern(
      file: "", [conversation],
      substitutions: substitutions.map {
        Substitution(old: Array($0.0.utf8), new: MessageTemplate(parts: $0.1))
      })
    guard case .say(let template) = pattern.scripts[0].cues[0].act else { return nil }
    return template.parts
  }

  private func bytes(_ text: String) -> MessageTemplate.Part { .bytes(Array(text.utf8)) }

  @Test func `replaces a text wherever it stands`() throws {
    #expect(try replaced("key=key.", [("key", [.port])]) == [.port, bytes("="), .port, bytes(".")])
    #expect(try replaced("aab", [("a", [bytes("xy")])]) == [bytes("xyxyb")])
  }

  @Test func `replaces the longest text that stands at a place`() throws {
    #expect(
      try replaced("secret sec", [("sec", [bytes("1")]), ("secret", [bytes("2")])])
        == [bytes("2 1")])
  }

  @Test func `does not look again at what it has put in`() throws {
    #expect(try replaced("ab", [("a", [bytes("b")]), ("b", [bytes("a")])]) == [bytes("ba")])
  }

  @Test func `finds a text in pieces of an answer`() throws {
    let conversation = RecordedConversation(
      client: "", steps: [receives("se"), receives("cret", 5)])
    let pattern = try ConversationPattern(
      file: "", [conversation],
      substitutions: [Substitution(old: Array("secret".utf8), new: MessageTemplate(bytes: [1]))])
    #expect(pattern.scripts[0].answers.map(\.texts[0].fixed) == [[1]])
  }

  @Test func `says which text is nowhere`() throws {
    #expect(throws: ConversationPattern.Flaw.unused([0, 2])) {
      try replaced("ab", [("x", [.port]), ("a", [.port]), ("y", [.port])])
    }
  }

  @Test func `is no longer than a message, with all that may be put in`() throws {
    let most = MessageTemplate.mostBytes
    let steps = [
      Step(.send([UInt8](repeating: 1, count: most / 2)), after: 0),
      Step(.receive([UInt8](repeating: 2, count: most / 2)), after: 0),
    ]
    #expect(try script(steps).answers.count == 1)
    #expect(throws: ConversationPattern.Flaw.tooLong) { try script(steps + [sends("a")]) }
    #expect(throws: ConversationPattern.Flaw.tooLong) {
      try replaced(String(repeating: "a", count: 1000), [("a", [.random(4096)])])
    }
  }
}
