import Linux
import Messages
import Probe
import Testing

@testable import Simulation

/// When the client says what, what it takes for an answer, and what it puts into both.
@Suite struct ConversationDelayTests {
  private static let slow: [RecordedConversation.Step] = [
    .says("a", after: .microseconds(700)), .hears("1", after: .seconds(2)),
    .says("b", after: .milliseconds(30)), .says("c", after: .microseconds(1)),
    .says("d", after: .milliseconds(400)), .hears("2"),
  ]

  /// The instants at which a client says something, in nanoseconds since the phase began.
  private func instants(
    _ pattern: MessagePattern, answering delay: Duration
  ) throws -> [UInt64] {
    let stage = try Stage([pattern]) { $0.loggedCall = .send }
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
    // A server answers all the same.
    stage.say("1234")
    #expect(stage.count(.unasked) == 0)
    #expect(stage.count(.unexpectedBytes) == 4)
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
}
