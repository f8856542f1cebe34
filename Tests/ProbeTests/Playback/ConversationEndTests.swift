import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// How a conversation begins and ends, and what the phases have to do with it.
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
    let peer = ScriptedPeer(world.network, at: .first)
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

  @Test func `one that is to be closed is not waited for beyond its deadline`() throws {
    let world = World(.init(latency: 1_000_000))
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    let pattern = try MessagePattern.playing(
      [.says("a"), .hears("1"), .says("b"), .hears("2")], timeout: .seconds(2))
    try world.addClient(
      [
        .churn(
          rate: 1, lifetime: Duration.seconds(1).nanoseconds,
          span: Duration.seconds(1).nanoseconds, reset: true)
      ], messages: Messages(patterns: [pattern], patternsOfPhase: [[0]]))
    world.order(.begin)
    world.run(for: .milliseconds(1_500))
    // Its lifetime is over, and it waits for its answer. That comes when the client looks away, and
    // is late by then.
    world.client.process.isStopped = true
    let socket = try #require(try peer.accept())
    world.network.advance(to: world.network.now + 300_000_000)
    _ = peer.send(socket, Array("1".utf8))
    world.network.advance(to: world.network.now + 1_000_000_000)
    world.client.process.isStopped = false
    #expect(world.run(for: .seconds(60)) { world.hasSettled(0) })
    #expect(world.client.held == 0)
    #expect(world.client.messages(.missing) == 1)
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
