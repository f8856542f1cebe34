import Linux
import Messages
import Probe
import Testing

@testable import Simulation

/// Connections that go on after an answer has not come in time. The outcomes are sent, received,
/// wrong, short, late, missing.
@Suite struct OwedAnswerTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static let numbered: [MessageTemplate.Part] = [
    .bytes(Array("ping ".utf8)), .sequence, .bytes([10]),
  ]

  @Test(arguments: [1, 3, 1000])
  func `an answer that is left out is missing, and those after it are right`(limit: Int) throws {
    let stage = try Stage(connections: 15, [.test(parts: Self.numbered)]) {
      $0.receiveLimit = limit
    }
    stage.begin(for: .seconds(10) - .microseconds(1))
    for place in stage.sockets.indices { _ = stage.heard(on: place) }
    for _ in 0..<299 {
      stage.world.run(for: .milliseconds(100))
      stage.echo()
    }
    #expect(stage.outcomes() == [60, 45, 0, 0, 0, 15])
    #expect(stage.client.messages(.unsent) == 0)
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test(arguments: [1, 3, 1000])
  func `an answer that comes when the next message is out is its own message's`(limit: Int) throws {
    let stage = try Stage([.test(parts: Self.numbered)]) { $0.receiveLimit = limit }
    stage.begin(for: .milliseconds(10_500))
    #expect(stage.outcomes() == [2, 0, 0, 0, 0, 1])
    stage.say(bytes("ping 0\n"))
    #expect(stage.outcomes() == [2, 0, 0, 0, 1, 0])
    #expect(abs(stage.client.board.largest(.roundTrip) - 10.5e9) < 2e8)
    stage.say(bytes("ping 1\n"))
    #expect(stage.outcomes() == [2, 1, 0, 0, 1, 0])
  }

  @Test func `answers that all look the same are taken in their order`() throws {
    let stage = try Stage([.test(expect: .bytes(4))])
    stage.begin(for: .milliseconds(20_500))
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 2])
    stage.say(bytes("abcd"))
    #expect(stage.outcomes() == [3, 0, 0, 0, 1, 1])
    stage.say(bytes("efghij"))
    #expect(stage.outcomes() == [3, 0, 0, 0, 2, 0])
    stage.say(bytes("kl!"))
    #expect(stage.outcomes() == [3, 1, 0, 0, 2, 0])
    #expect(stage.count(.unexpectedBytes) == 1)
  }

  @Test func `what is known by its end is taken in its order, and wrong where it is`() throws {
    let stage = try Stage([.test(expect: .framed(.delimiter([10]), .text(bytes("ok"))))])
    stage.begin(for: .milliseconds(20_500))
    stage.say(bytes("no\nok\nok"))
    #expect(stage.outcomes() == [3, 0, 1, 0, 1, 0])
    stage.say(bytes("\n"))
    #expect(stage.outcomes() == [3, 1, 1, 0, 1, 0])
  }

  @Test func `what answers nothing at all refutes the message under way`() throws {
    let stage = try Stage([.test(parts: Self.numbered)])
    stage.begin(for: .milliseconds(10_500))
    stage.say(bytes("pong 7\n"))
    #expect(stage.outcomes() == [2, 0, 1, 0, 0, 1])
    #expect(stage.count(.waits) == 1)
    stage.world.run(for: .seconds(10))
    stage.say(bytes("ping 2\n"))
    #expect(stage.outcomes() == [3, 1, 1, 0, 0, 1])
  }

  @Test func `a right answer to a message that is remembered no more is not a wrong one`() throws {
    let stage = try Stage([.test(parts: Self.numbered)])
    stage.begin(for: .milliseconds(60_500))
    #expect(stage.outcomes() == [7, 0, 0, 0, 0, 6])
    stage.say(bytes("ping 0\n"))
    #expect(stage.outcomes() == [7, 0, 0, 0, 0, 7])
    #expect(stage.count(.waits) == 1)
    stage.world.run(for: .seconds(10))
    stage.say(bytes("ping 7\n"))
    #expect(stage.outcomes() == [8, 1, 0, 0, 0, 7])
  }

  @Test func `none of many right answers to messages that are remembered no more is wrong`() throws
  {
    let stage = try Stage([.test(parts: Self.numbered)])
    stage.begin(for: .milliseconds(90_500))
    for late in 0..<3 {
      stage.say(bytes("ping \(late)\n"))
      #expect(stage.outcomes() == [10 + late, 0, 0, 0, 0, 10 + late])
      stage.world.run(for: .seconds(10))
    }
    stage.say(bytes("ping 12\n"))
    #expect(stage.outcomes() == [13, 1, 0, 0, 0, 12])
    // No older answer can come after that one.
    stage.world.run(for: .seconds(10))
    stage.say(bytes("ping 3\n"))
    #expect(stage.outcomes() == [14, 1, 1, 0, 0, 12])
  }

  @Test func `a right answer to a message that a wrong answer has ended is not a wrong one`() throws
  {
    let stage = try Stage([.test(parts: Self.numbered)])
    stage.begin(for: .milliseconds(20_500))
    stage.say(bytes("pong 0\n"))
    #expect(stage.outcomes() == [3, 0, 1, 0, 0, 2])
    stage.world.run(for: .seconds(10))
    stage.say(bytes("ping 1\n"))
    #expect(stage.outcomes() == [4, 0, 1, 0, 0, 3])
    stage.world.run(for: .seconds(10))
    stage.say(bytes("ping 4\n"))
    #expect(stage.outcomes() == [5, 1, 1, 0, 0, 3])
  }

  @Test func `where all answers are alike, what differs is wrong, whatever is owed`() throws {
    let stage = try Stage([.test(expect: .text(bytes("ok")))])
    stage.begin(for: .milliseconds(60_500))
    for wrong in 1...2 {
      stage.say(bytes("no"))
      #expect(stage.outcomes() == [6 + wrong, 0, wrong, 0, 0, 6])
      stage.world.run(for: .seconds(10))
    }
    stage.say(bytes("ok"))
    #expect(stage.outcomes() == [9, 1, 2, 0, 0, 6])
  }

  @Test func `a server that never answers is asked at every instant`() throws {
    let stage = try Stage(connections: 3, [.test(every: .seconds(2))])
    stage.begin(for: .seconds(20) - .microseconds(1))
    #expect(stage.outcomes() == [30, 0, 0, 0, 0, 29])
    #expect(stage.client.messages(.unsent) == 0)
    #expect(stage.count(.unanswered) == 3)
  }

  @Test func `a rate goes on with connections that owe an answer`() throws {
    let stage = try Stage(connections: 5, [.test(rate: 10, timeout: .milliseconds(400))])
    stage.begin(for: .seconds(10) - .microseconds(1))
    #expect(stage.outcomes()[0] == 100)
    #expect(stage.client.messages(.unsent) == 0)
  }
}

/// What was due and not sent.
@Suite struct UnsentTests {
  @Test(arguments: [1, 4, 7])
  func `rounds that a connection could not begin are unsent`(connections: Int) throws {
    let stage = try Stage(
      connections: connections, [.test(every: .seconds(1), timeout: .seconds(100))])
    stage.begin(for: .seconds(10) - .microseconds(100))
    #expect(stage.outcomes() == [connections, 0, 0, 0, 0, 0])
    #expect(stage.client.messages(.unsent) == 9 * connections)
    // One round after the other is caught up with.
    for round in 2...4 {
      stage.echo()
      #expect(stage.outcomes()[0] == round * connections)
      #expect(stage.client.messages(.unsent) == (10 - round) * connections)
    }
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .microseconds(1))
    stage.echo()
    #expect(stage.outcomes()[0] == 4 * connections)
    #expect(stage.client.messages(.unsent) == 6 * connections)
  }

  @Test(arguments: [3.0, 50, 1000])
  func `what a rate wanted and nobody could carry is unsent`(rate: Double) throws {
    let stage = try Stage(connections: 2, [.test(rate: rate, timeout: .seconds(100))])
    stage.begin(for: .seconds(10) - .microseconds(100))
    #expect(stage.outcomes()[0] == 2)
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .microseconds(1))
    let planned = Int(rate * 10)
    #expect((planned...planned + 1).contains(stage.client.messages(.unsent) + 2))
    // The next phase that plays it begins with what was not sent before.
    let before = stage.client.messages(.unsent)
    stage.echo()
    stage.world.order(.begin, phase: 1)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.client.messages(.unsent) == before)
  }

  @Test func `nothing is unsent where all is answered`() throws {
    let stage = try Stage(
      connections: 3, [.test("a", every: .seconds(1)), .test("b", rate: 7)])
    stage.begin()
    for _ in 0..<1000 {
      stage.echo()
      stage.world.run(for: .milliseconds(10))
    }
    #expect(stage.client.messages(.unsent) == 0)
    #expect(stage.client.messages(.unsent, of: 1) == 0)
    #expect(stage.outcomes()[0] >= 30)
  }

  @Test func `what waits for quiet is unsent until it is sent`() throws {
    let stage = try Stage([.test(every: .milliseconds(30), expect: .text([1]))])
    stage.begin()
    stage.say([9], for: .milliseconds(95))
    #expect(stage.outcomes()[0] == 1)
    #expect(stage.client.messages(.unsent) == 3)
  }
}
