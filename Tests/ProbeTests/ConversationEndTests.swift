import Linux
import Messages
import Probe
import SystemPackage
import Testing

/// How a conversation begins and ends, when the client says what, and what the phases have to do
/// with it.
@Suite struct ConversationEndTests {
  @Test func `a greeting is waited for before anything is said`() throws {
    let stage = try Stage(
      [.playing([.hears("220 hello\r\n", after: .milliseconds(5)), .says("QUIT\r\n")])],
      fromTheStart: true)
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.text() == "")
    stage.say("220 he")
    #expect(stage.text() == "")
    stage.say("llo\r\n")
    #expect(stage.text() == "QUIT\r\n")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `a greeting that comes with the handshake belongs to the conversation`() throws {
    let world = World(.init(latency: 1_000_000))
    let peer = TestPeer(world.network, at: .first)
    try peer.listen()
    let pattern = try MessagePattern.playing([.hears("hi\n"), .says("x")])
    try world.addClient(
      [.open(goal: 1, rate: nil)],
      messages: Messages(patterns: [pattern], patternsOfPhase: [[0]]))
    world.order(.begin)
    world.run(for: .microseconds(500))
    // The client looks only when both have happened.
    world.client.process.isStopped = true
    world.run(for: .milliseconds(5))
    _ = peer.send(try #require(try peer.accept()), Array("hi\n".utf8))
    world.run(for: .milliseconds(5))
    #expect(world.client.held == 0)
    world.client.process.isStopped = false
    world.run(for: .milliseconds(5))
    world.expectConsistency()
    #expect(world.client.messages(.received) == 1)
    #expect(world.client.board[.unexpectedBytes] == 0)
  }

  @Test func `the client closes in order where it did so`() throws {
    let stage = try Stage(
      connections: 3, [.playing([.says("bye"), .hears("ok"), .clientCloses()])])
    stage.begin()
    for place in 0..<2 { stage.say("ok", on: place) }
    #expect(stage.outcomes() == [3, 2, 0, 0, 0, 0])
    #expect(stage.count(.closedAsRecorded) == 2)
    #expect(stage.client.held == 1)
    #expect(stage.count(.failures) == 0)
    #expect(stage.count(.closedByPeer) == 0)
    // With FIN: the server learns of an end, and not of an error.
    #expect(stage.text() == "bye")
    #expect(stage.peer.isClosed(stage.socket))
    // Nobody opens them again.
    stage.world.run(for: .seconds(1))
    #expect(stage.client.held == 1)
  }

  @Test(arguments: [true, false])
  func `the server's close is no failure where it did so`(reset: Bool) throws {
    let stage = try Stage([.playing([.says("bye"), .hears("ok"), .serverCloses()])])
    stage.begin()
    #expect(stage.text() == "bye")
    stage.say("ok")
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    try stage.peer.close(stage.socket, reset: reset)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.closedAsRecorded) == 1)
    #expect(stage.count(.failures) == 0)
    #expect(stage.client.held == 0)
  }

  @Test func `answer and end may come at once`() throws {
    let stage = try Stage([.playing([.says("bye"), .hears("ok"), .serverCloses()])])
    stage.begin()
    #expect(stage.text() == "bye")
    _ = stage.peer.send(stage.socket, Array("ok".utf8))
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.failures) == 0)
  }

  @Test func `the server may be faster where the client closed`() throws {
    let stage = try Stage([
      .playing([.says("bye"), .hears("ok"), .clientCloses(after: .seconds(5))])
    ])
    stage.begin()
    _ = stage.heard()
    stage.say("ok", for: .milliseconds(5))
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.closedAsRecorded) == 1)
    #expect(stage.count(.failures) == 0)
  }

  @Test func `a server that does not close in time is missing`() throws {
    let stage = try Stage([
      .playing([.says("bye"), .hears("ok"), .serverCloses(after: .seconds(3))])
    ])
    stage.begin()
    _ = stage.heard()
    stage.say("ok", for: .milliseconds(3_900))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.world.run(for: .milliseconds(200))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
    #expect(stage.count(.failures) == 0)
  }

  @Test func `an end before the last answer is a failure all the same`() throws {
    let stage = try Stage([.playing([.says("bye"), .hears("ok"), .serverCloses()])])
    stage.begin()
    _ = stage.heard()
    stage.say("o")
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 0, 0, 1, 0, 0])
    #expect(stage.count(.closedByPeer) == 1)
    #expect(stage.count(.closedAsRecorded) == 0)
  }

  @Test func `a client that had said everything goes on listening`() throws {
    let stage = try Stage([
      .playing([.says("all"), .clientCloses(), .hears("thanks"), .serverCloses()])
    ])
    stage.begin()
    #expect(stage.text() == "all")
    #expect(stage.peer.isClosed(stage.socket))
    #expect(stage.client.held == 1)
    stage.say("thanks")
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.held == 0)
    #expect(stage.count(.failures) == 0)
  }

  @Test func `half a connection is closed when there is nothing more to hear`() throws {
    let stage = try Stage([.playing([.says("all"), .clientCloses(), .hears("thanks")])])
    stage.begin()
    _ = stage.heard()
    stage.say("thanks")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.held == 0)
    #expect(stage.count(.closedAsRecorded) == 1)
  }

  // MARK: Delays

  private static let slow: [RecordedConversation.Step] = [
    .says("a", after: .microseconds(700)), .hears("1", after: .seconds(2)),
    .says("b", after: .milliseconds(30)), .says("c", after: .microseconds(1)),
    .says("d", after: .milliseconds(400)), .hears("2"),
  ]

  /// The instants at which a client says something, in nanoseconds since the phase began.
  private func instants(
    _ pattern: MessagePattern, answering delay: Duration
  ) throws -> [UInt64] {
    let stage = try Stage([pattern]) { $0.log = .send }
    stage.begin(for: delay)
    stage.say("1", for: .seconds(2))
    stage.say("2", for: .seconds(2))
    return stage.client.process.loggedInstants.map { $0 - stage.start }
  }

  @Test func `delays are those of the recording, to the nanosecond`() throws {
    let instants = try instants(.playing(Self.slow), answering: .milliseconds(250))
    #expect(instants == [700_000, 280_000_000, 280_001_000, 680_001_000])
  }

  @Test func `without delays everything is said at once`() throws {
    let instants = try instants(
      .playing(Self.slow, keepsDelays: false), answering: .milliseconds(250))
    #expect(instants == [0, 250_000_000])
  }

  @Test func `a client that does not wait says everything at its instant`() throws {
    let instants = try instants(
      .playing(Self.slow, expect: .none), answering: .milliseconds(250))
    #expect(instants == [700_000, 2_030_700_000, 2_030_701_000, 2_430_701_000])
  }

  @Test func `round trips count from the instant at which a step was due`() throws {
    let stage = try Stage([.playing(Self.slow)])
    stage.begin(for: .milliseconds(250))
    stage.say("1", for: .seconds(1))
    stage.say("2")
    let board = stage.client.board
    #expect(board.population(of: .roundTrip) == 2)
    // The last step went out 430.001 ms after the first answer, a second before the second.
    #expect(abs(board.largest(.roundTrip) - 569_999_000) < 6_000_000)
  }

  @Test func `a thousand connections pause at once, each for its own time`() throws {
    let stage = try Stage(
      connections: 1000,
      [
        .playing(
          [.says("a"), .hears("1"), .says("b", after: .milliseconds(500)), .hears("2")],
          timeout: .seconds(10))
      ])
    stage.begin()
    for place in 0..<1000 { stage.say("1", on: place, for: .microseconds(100)) }
    for place in 0..<1000 { #expect(stage.text(on: place) == "a") }
    // Answered 100 µs after one another, they go on 100 µs after one another.
    stage.world.run(for: .milliseconds(400) + .microseconds(25_050))
    let awake = (0..<1000).prefix { stage.text(on: $0) == "b" }.count
    #expect((240...260).contains(awake))
    stage.world.run(for: .seconds(1))
    for place in 0..<1000 { stage.say("2", on: place) }
    #expect(stage.outcomes() == [1000, 1000, 0, 0, 0, 0])
  }

  // MARK: Expectations

  @Test func `where only the length counts any bytes are right`() throws {
    let stage = try Stage([
      .playing([.says("a"), .hears("123"), .says("b"), .hears("4")], expect: .length)
    ])
    stage.begin()
    stage.say("xy")
    #expect(stage.text() == "a")
    stage.say("zw")
    #expect(stage.text() == "b")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test func `where answers are not waited for it is done when it is said`() throws {
    let stage = try Stage([
      .playing([.says("a"), .hears("123"), .says("b"), .hears("4")], expect: .none)
    ])
    stage.begin()
    #expect(stage.text() == "ab")
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 0)
    #expect(stage.client.board.population(of: .roundTrip) == 0)
  }

  // MARK: Substitutions

  @Test func `each connection puts its own into what is said and heard`() throws {
    let pattern = try MessagePattern.playing(
      [
        .says("SET key 1\n"), .hears("key is "), .hears("set\n"), .says("GET key\n"), .hears("1\n"),
      ],
      substitutions: [Substitution("key", .bytes(Array("k".utf8)), .connection)])
    let stage = try Stage(connections: 12, [pattern])
    stage.begin()
    for place in 0..<12 {
      #expect(stage.text(on: place) == "SET k\(place) 1\n")
      // The sixth is answered as the others are.
      stage.say("k\(place == 5 ? 6 : place) is set\n", on: place)
      #expect(stage.text(on: place) == (place == 5 ? "" : "GET k\(place)\n"))
      if place != 5 { stage.say("1\n", on: place) }
    }
    #expect(stage.outcomes() == [12, 11, 1, 0, 0, 0])
  }

  @Test func `what is made up is the same in all of a conversation, and new in the next`() throws {
    let pattern = try MessagePattern.playing(
      [.says("id"), .hears("id"), .says("<id>")], pace: .every(1_000_000_000),
      substitutions: [Substitution("id", .random(12))])
    let stage = try Stage([pattern], seed: 3)
    stage.begin()
    var made: Set<String> = []
    for _ in 0..<3 {
      let id = stage.text()
      stage.say(id)
      #expect(stage.text() == "<\(id)>")
      #expect(made.insert(id).inserted)
      stage.world.run(for: .seconds(1))
    }
    #expect(stage.outcomes() == [4, 3, 0, 0, 0, 0])
  }

  // MARK: Phases

  @Test func `a phase waits for the conversations that are under way`() throws {
    let stage = try Stage([
      .playing([.says("a"), .hears("1"), .says("b", after: .seconds(20)), .hears("2")])
    ])
    stage.begin()
    stage.say("1")
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .seconds(19))
    #expect(!stage.world.hasSettled(1))
    stage.world.run(for: .seconds(1))
    stage.say("2")
    #expect(stage.world.hasSettled(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test func `a phase does not wait for an answer that is missing`() throws {
    let stage = try Stage([.playing([.says("a"), .hears("1"), .says("b", after: .seconds(20))])])
    stage.begin()
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .milliseconds(1_100))
    #expect(stage.world.hasSettled(1))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
  }

  @Test func `a churn plays it on each connection, and closes none before its end`() throws {
    let world = World()
    try world.addServer()
    let pattern = try MessagePattern.playing([
      .says("a"), .hears("a"), .says("b", after: .milliseconds(300)), .hears("b"),
    ])
    try world.addClient(
      [.churn(rate: 100, lifetime: 50_000_000, span: 1_000_000_000, reset: true)],
      messages: Messages(patterns: [pattern], patternsOfPhase: [[0]]))
    world.check = { [unowned world] in world.expectConsistency() }
    world.play()
    #expect(world.client.messages(.received) == 100)
    #expect(world.client.board[.churned] == 100)
    #expect(world.client.held == 0)
  }

  @Test func `a churn of conversations that close their connections is no churn of failures`()
    throws
  {
    let world = World()
    try world.addServer()
    let pattern = try MessagePattern.playing([.says("a"), .hears("a"), .clientCloses()])
    try world.addClient(
      [.churn(rate: 100, lifetime: 500_000_000, span: 1_000_000_000, reset: true)],
      messages: Messages(patterns: [pattern], patternsOfPhase: [[0]]))
    world.check = { [unowned world] in world.expectConsistency() }
    world.play()
    #expect(world.client.messages(.received) == 100)
    #expect(world.client.board[.closedAsRecorded] == 100)
    #expect(world.client.board[.failures] == 0)
  }
}
