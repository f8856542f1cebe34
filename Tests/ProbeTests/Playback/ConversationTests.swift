import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// What becomes of a recorded conversation, against a server that a test plays by hand. The outcomes
/// are sent, received, wrong, short, late and missing, in this order.
@Suite struct ConversationTests {
  private static let exchange: [RecordedConversation.Step] = [
    .says("SET a 1\r\n"), .hears("+OK\r\n"), .says("GET a\r\n"), .hears("$1\r\n1\r\n"),
  ]

  private func exchange(
    connections: Int = 1, prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> Stage {
    let stage = try Stage(
      connections: connections, [.playing(Self.exchange)], prepare: prepare)
    stage.begin()
    return stage
  }

  @Test func `each step waits for the answer that the client had waited for`() throws {
    let stage = try exchange()
    #expect(stage.text() == "SET a 1\r\n")
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 1)
    stage.say("+OK\r\n")
    #expect(stage.text() == "GET a\r\n")
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 0)
    stage.say("$1\r\n1\r\n")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.board.population(of: .roundTrip) == 2)
    #expect(stage.client.board.population(of: .roundTripUncorrected) == 2)
    #expect(stage.count(.unexpectedBytes) == 0)
    // Played once: nothing more comes, however long the phase lasts.
    stage.world.run(for: .seconds(100))
    #expect(stage.text() == "")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.held == 1)
  }

  @Test(arguments: 1..<12)
  func `answers may be split anywhere`(place: Int) throws {
    let stage = try exchange()
    let answers = "+OK\r\n$1\r\n1\r\n"
    // All of the second answer, or the end of it, comes before anybody asked for it.
    stage.say(String(answers.utf8.prefix(place))!)
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.text() == (place < 5 ? "SET a 1\r\n" : "SET a 1\r\nGET a\r\n"))
    stage.say(String(answers.utf8.dropFirst(place))!)
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 1...13)
  func `answers may be read in pieces of any size`(limit: Int) throws {
    let stage = try exchange { $0.receiveLimit = limit }
    stage.say("+OK\r\n")
    stage.say("$1\r\n1\r\n")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 1...10)
  func `steps may be written in pieces of any size`(size: Int) throws {
    let stage = try Stage([.playing(Self.exchange)], dials: .init(bufferSize: size))
    stage.begin()
    var heard = ""
    for answer in ["+OK\r\n", "$1\r\n1\r\n"] {
      for _ in 0..<20 {
        heard += stage.text()
        stage.world.run(for: .microseconds(1))
      }
      for byte in answer.utf8 { stage.say([byte]) }
    }
    #expect(heard == "SET a 1\r\nGET a\r\n")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 0..<12)
  func `one other byte is wrong, wherever it is`(place: Int) throws {
    let stage = try exchange()
    var answers = Array("+OK\r\n$1\r\n1\r\n".utf8)
    answers[place] ^= 1
    stage.say(answers[..<5])
    stage.say(answers[5...])
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    // The rest of it is not played.
    #expect(stage.text() == (place < 5 ? "SET a 1\r\n" : "SET a 1\r\nGET a\r\n"))
    #expect(stage.client.held == 1)
  }

  @Test(arguments: [true, false], 0..<12)
  func `a connection that ends in the middle has cut it short`(reset: Bool, count: Int) throws {
    let stage = try exchange()
    stage.say(Array("+OK\r\n$1\r\n1\r\n".utf8.prefix(count)))
    _ = stage.heard()
    try stage.peer.close(stage.socket, reset: reset)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 0, 0, 1, 0, 0])
    #expect(stage.client.failures.map(\.call) == [.closed])
    #expect(stage.count(.closedAsRecorded) == 0)
    #expect(stage.client.held == 0)
  }

  @Test func `each answer has its own time to come`() throws {
    let stage = try exchange()
    stage.world.run(for: .milliseconds(900))
    stage.say("+OK\r\n")
    stage.world.run(for: .milliseconds(900))
    stage.say("$1\r\n1\r\n")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: [0, 1])
  func `an answer that does not come is missing, and then late`(answered: Int) throws {
    let stage = try exchange()
    if answered == 1 { stage.say("+OK\r\n") }
    stage.world.run(for: .milliseconds(990))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.world.run(for: .milliseconds(20))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    // It goes on from there when the answer comes after all.
    stage.world.run(for: .seconds(30))
    if answered == 0 { stage.say("+OK\r\n") }
    #expect(stage.text() == "SET a 1\r\nGET a\r\n")
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    stage.say("$1\r\n1\r\n")
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
  }

  @Test func `a wrong answer that comes late is wrong, not missing`() throws {
    let stage = try exchange()
    stage.world.run(for: .seconds(5))
    stage.say("-ERR\r\n")
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
  }

  @Test func `nobody waits less than the server took in the recording`() throws {
    let stage = try Stage([
      .playing([.says("BLPOP"), .hears("1", after: .seconds(7)), .hears("2", after: .seconds(3))])
    ])
    stage.begin(for: .milliseconds(10_990))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.world.run(for: .milliseconds(20))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
  }

  @Test func `more than the answers is right, and counted`() throws {
    let stage = try exchange()
    stage.say("+OK\r\n")
    stage.say("$1\r\n1\r\nmore")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 4)
  }

  @Test func `steps without an answer between them follow one another`() throws {
    let stage = try Stage([
      .playing([
        .says("a"), .says("b", after: .milliseconds(3)), .says("c"), .hears("1"),
        .hears("2", after: .milliseconds(1)), .says("d"),
      ])
    ])
    stage.begin(for: .milliseconds(2))
    #expect(stage.text() == "a")
    // An answer may come before everything that it followed has been said.
    stage.say("1", for: .milliseconds(2))
    #expect(stage.text() == "bc")
    stage.say("2")
    #expect(stage.text() == "d")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.board.population(of: .roundTrip) == 1)
  }

  @Test func `a wrong byte in a pause ends the conversation there`() throws {
    let stage = try Stage([
      .playing([.says("a"), .says("b", after: .milliseconds(30)), .hears("12")])
    ])
    stage.begin(for: .milliseconds(2))
    stage.say("x")
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    stage.world.run(for: .seconds(1))
    #expect(stage.text() == "a")
  }

  @Test func `several conversations are dealt out to the connections`() throws {
    let stage = try Stage(
      connections: 5,
      [.playing([.says("a"), .hears("1")], [.says("b")], [.says("c"), .hears("345")])])
    stage.begin()
    #expect((0..<5).map { stage.text(on: $0) } == ["a", "b", "c", "a", "b"])
    #expect(stage.outcomes() == [5, 2, 0, 0, 0, 0])
    for (place, answer) in [(0, "1"), (2, "345"), (3, "1")] { stage.say(answer, on: place) }
    #expect(stage.outcomes() == [5, 5, 0, 0, 0, 0])
  }

  @Test func `what is played each so often is played again`() throws {
    let stage = try Stage([.playing(Self.exchange, pace: .every(10_000_000_000))])
    stage.begin()
    for round in 1...3 {
      #expect(stage.text() == "SET a 1\r\n")
      stage.say("+OK\r\n")
      stage.say("$1\r\n1\r\n")
      #expect(stage.text() == "GET a\r\n")
      #expect(stage.outcomes() == [round, round, 0, 0, 0, 0])
      stage.world.run(for: .seconds(10))
    }
  }

  @Test func `what is played at a rate takes whoever has been idle for the longest`() throws {
    let stage = try Stage(
      connections: 3, [.playing([.says("a"), .hears("1")], pace: .rate(10))])
    stage.begin(for: .milliseconds(250))
    #expect((0..<3).map { stage.text(on: $0) } == ["a", "a", "a"])
    for place in 0..<3 { stage.say("1", on: place) }
    stage.world.run(for: .milliseconds(100))
    #expect((0..<3).map { stage.text(on: $0) } == ["a", "", ""])
  }

  @Test func `one without a pace waits for answers that are owed`() throws {
    let stage = try Stage([
      .test("0123456789"), .test("b", every: .seconds(2), expect: .none),
      .playing([.says("a"), .hears("1")], pace: .unlimited),
    ])
    stage.begin(for: .milliseconds(1))
    stage.world.run(for: .seconds(5))
    let said = stage.text()
    #expect(said.hasPrefix("0123456789"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    #expect(stage.outcomes(of: 2) == [0, 0, 0, 0, 0, 0])
    // Half of the answer does not let it begin, and the other half does.
    stage.say("01234")
    #expect(stage.outcomes(of: 2) == [0, 0, 0, 0, 0, 0])
    stage.say("56789", for: .milliseconds(2))
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
    #expect(stage.outcomes(of: 2) == [1, 0, 0, 0, 0, 0])
  }

  @Test func `one that is played once is played again in the next phase`() throws {
    let stage = try Stage(connections: 2, [.playing([.says("a"), .hears("1")])])
    for round in 1...2 {
      stage.begin()
      for place in 0..<2 {
        #expect(stage.text(on: place) == "a")
        stage.say("1", on: place)
      }
      stage.world.order(.settle, phase: 1)
      #expect(stage.world.run(for: .seconds(1)) { stage.world.hasSettled(1) })
      #expect(stage.outcomes() == [2 * round, 2 * round, 0, 0, 0, 0])
    }
  }

  @Test func `one that is played once waits for the message that is under way`() throws {
    let stage = try Stage([
      .test("0123456789", rate: 0.01), .playing([.says("a"), .hears("1")]),
    ])
    stage.begin()
    // The pattern that comes first in the plan came first.
    #expect(stage.text() == "0123456789")
    stage.say("0123456789")
    #expect(stage.text() == "a")
    stage.say("1")
    #expect(stage.outcomes(of: 1) == [1, 1, 0, 0, 0, 0])
  }

  @Test func `one that a connection had no room for in its phase is unsent`() throws {
    let stage = try Stage(connections: 3, [.playing([.says("a"), .hears("1")])])
    stage.begin()
    stage.say("1", on: 0)
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .milliseconds(100))
    #expect(stage.outcomes() == [3, 1, 0, 0, 0, 0])
    #expect(stage.client.messages(.unsent) == 0)
    // Two are still at it when the phase begins, and when it ends.
    stage.begin()
    stage.say("1", on: 0)
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .milliseconds(100))
    #expect(stage.outcomes()[0] == 4)
    #expect(stage.client.messages(.unsent) == 2)
  }

  @Test func `one that has to wait for an answer that is owed keeps no other pattern waiting`()
    throws
  {
    let stage = try Stage([
      .test("p", every: .milliseconds(300), timeout: .milliseconds(200)),
      .playing([.says("a"), .hears("1")], pace: .every(500_000_000)),
    ])
    stage.begin(for: .zero)
    // The server leaves out the answers to all of the one, so the connection is always owed some.
    for _ in 0..<30 { stage.world.run(for: .milliseconds(100)) }
    #expect(stage.outcomes()[0] >= 9)
    #expect(stage.client.messages(.unsent) <= 1)
    #expect(stage.client.messages(.unsent, of: 1) >= 4)
  }
}
