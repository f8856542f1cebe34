import Messages
import Probe
import Testing

@testable import Simulation

/// Answers in which something may be anything. The outcomes are sent, received, wrong, short, late and missing.
@Suite struct VolatileAnswerTests {
  private static func hears(
    _ text: String, _ anything: Range<Int>..., after delay: Duration = .zero
  ) -> RecordedConversation.Step {
    .init(.receive(Array(text.utf8), anything: anything), after: delay.nanoseconds)
  }

  private static let exchange: [RecordedConversation.Step] = [
    .says("a"), hears("Date: now\r\nAge: 1\r\n\r\n", 6..<9, 16..<17), .says("b"),
    hears("7;ok", 0..<1),
  ]

  private func stage(expect: ConversationPattern.Expectation = .same) throws -> Stage {
    let stage = try Stage([.playing(Self.exchange, expect: expect)])
    stage.begin()
    #expect(stage.text() == "a")
    return stage
  }

  @Test(arguments: [
    "Date: now\r\nAge: 1\r\n\r\n", "Date: \r\nAge: \r\n\r\n",
    "Date: Mon, 30 Nov 2026 19:00:20 GMT\r\nAge: 86400\r\n\r\n",
  ])
  func `other bytes of any number are right, in pieces of any size`(answer: String) throws {
    for place in 0...answer.utf8.count {
      let stage = try stage()
      stage.say(Array(answer.utf8.prefix(place)))
      #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
      stage.say(Array(answer.utf8.dropFirst(place)))
      #expect(stage.text() == "b")
      for byte in "1234;ok".utf8 { stage.say([byte]) }
      #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0], "split at \(place)")
      #expect(stage.client.board.population(of: .roundTrip) == 2)
      #expect(stage.count(.unexpectedBytes) == 0)
    }
  }

  @Test func `both answers may come at once`() throws {
    let stage = try stage()
    stage.say("Date: x\r\nAge: y\r\n\r\n;ok")
    #expect(stage.text() == "b")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: [
    "Date? x\r\nAge: y\r\n\r\n", "Date: x\rAge: y\r\n\r\n", "Date: x\r\nEtag: y\r\n\r\n",
    "Date: x\r\nAge: y\r\n\r?",
  ])
  func `what is compared is still compared`(answer: String) throws {
    let stage = try stage()
    stage.say(answer)
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(stage.text() == "")
  }

  @Test func `only lengths of what is fixed are counted`() throws {
    let stage = try stage(expect: .length)
    stage.say("......any of these\r.......more\r...")
    #expect(stage.text() == "b")
    stage.say("4711;..")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `an answer that stays in what may be anything is missing, and then late`() throws {
    let stage = try stage()
    stage.say("Date: no end")
    stage.world.run(for: .milliseconds(1_100))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    stage.say("\r\nAge: 1\r\n\r\n")
    #expect(stage.text() == "b")
    stage.say("7;ok")
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
  }
}
