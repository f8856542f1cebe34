import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// A server that speaks first, and a client that knows what it is going to say.
@Suite struct PushTests {
  private static let text = Array("tick tock\n".utf8)

  private func world(
    connections: Int, every: Duration = .seconds(1), text: [UInt8] = text,
    dials: SimulatedNetwork.Dials = .init(), descriptorLimit: Int = 20_000,
    messages: Messages = Messages(pushed: text),
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> World {
    let world = World(dials)
    try world.addServer(
      reply: .push(every: every.nanoseconds, text), descriptorLimit: descriptorLimit,
      prepare: prepare)
    try world.addClient(
      [.open(goal: connections, rate: nil), .close(rate: nil, reset: true), .keep],
      messages: messages)
    world.check = { [unowned world] in world.expectConsistency(goal: connections) }
    world.play()
    return world
  }

  @Test(arguments: [1, 63, 64, 65, 500], [0, 100_000] as [UInt64])
  func `everybody gets every message`(connections: Int, latency: UInt64) throws {
    let world = try world(connections: connections, dials: .init(latency: latency))
    world.run(for: .milliseconds(5_500))
    #expect(world.server.board[.pushed] == UInt64(5 * connections))
    #expect(world.client.board[.pushed] == UInt64(5 * connections))
    #expect(world.client.board[.pushedWrong] == 0)
    #expect(world.client.board[.unexpectedBytes] == 0)
    #expect(world.client.board[.bytesReceived] == UInt64(50 * connections))
    #expect(world.server.failures.isEmpty)
  }

  @Test(arguments: 1...11)
  func `a message may be written and read in pieces of any size`(limit: Int) throws {
    let world = try world(connections: 20) { $0.sendLimit = limit }
    world.client.process.receiveLimit = 11 - min(limit, 10)
    world.run(for: .milliseconds(3_500))
    #expect(world.client.board[.pushed] == 60)
    #expect(world.server.board[.pushed] == 60)
    #expect(world.client.board[.pushedWrong] == 0)
  }

  @Test(arguments: 1...25)
  func `a connection that is full is left out, and gets no half message`(size: Int) throws {
    let world = World(.init(bufferSize: size))
    try world.addServer(reply: .push(every: 1_000_000_000, Self.text))
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(20_500))
    var heard: [UInt8] = []
    for _ in 0..<30 {
      heard += peer.receive(socket)
      world.run(for: .microseconds(1))
    }
    // As much as fits, and the rest of what did not fit whole.
    #expect(heard.count == (size + 9) / 10 * 10)
    #expect(world.server.board[.pushed] == UInt64(heard.count / 10))
    world.run(for: .seconds(1))
    heard += peer.receive(socket)
    for _ in 0..<10 {
      world.run(for: .microseconds(1))
      heard += peer.receive(socket)
    }
    #expect(heard == (0..<heard.count / 10).flatMap { _ in Self.text })
    #expect(heard.count == (size + 9) / 10 * 10 + 10)
  }

  @Test func `a message is not begun on a connection before the last one is out`() throws {
    // Each call takes half the time from one push to the next, and writes a third of a message.
    let world = try world(
      connections: 2, every: .microseconds(2), dials: .init(costPerCall: 1_000)
    ) { $0.sendLimit = 3 }
    world.run(for: .seconds(1)) { world.client.board[.pushed] >= 100 }
    #expect(world.client.board[.pushed] >= 100)
    #expect(world.client.board[.pushedWrong] == 0)
  }

  @Test func `what clients say is thrown away, and their end is noticed`() throws {
    let world = World()
    try world.addServer(reply: .push(every: 1_000_000_000, Self.text))
    let peer = ScriptedPeer(world.network, at: .second)
    let sockets = try (0..<3).map { try peer.connect(offset: $0) }
    for socket in sockets { _ = peer.send(socket, [1, 2, 3]) }
    world.run(for: .milliseconds(500))
    #expect(world.server.board[.bytesReceived] == 9)
    #expect(peer.receive(sockets[0]).isEmpty)
    try peer.close(sockets[1], reset: true)
    peer.finish(sockets[2])
    world.run(for: .seconds(1))
    #expect(world.server.held == 1)
    #expect(world.server.board[.pushed] == 1)
  }

  @Test func `a write that fails ends the connection and none other`() throws {
    let world = try world(connections: 5) {
      $0.faults = [.once(.send, .noBufferSpace, nth: 3)]
    }
    world.run(for: .milliseconds(2_500))
    #expect(world.server.failures.map(\.call) == [.write])
    #expect(world.client.held == 4)
    #expect(world.client.board[.pushed] == 8)
  }

  @Test func `a server that stood still leaves rounds out`() throws {
    let world = try world(connections: 5)
    world.network.advance(to: world.network.now + 3_500_000_000)
    world.run(for: .milliseconds(10))
    #expect(world.client.board[.pushed] == 5)
    world.run(for: .milliseconds(500))
    #expect(world.client.board[.pushed] == 10)
  }

  @Test func `connections are taken while a round lasts`() throws {
    // A push takes a millisecond, and a round of a thousand a second.
    let world = try world(
      connections: 1000, every: .seconds(10), dials: .init(costPerCall: 100_000))
    world.run(for: .seconds(10)) { world.server.board[.pushed] >= 100 }
    let peer = ScriptedPeer(world.network, at: .second)
    _ = try peer.connect()
    world.run(for: .seconds(10)) { world.server.held == 1001 }
    #expect(world.server.held == 1001)
    #expect(world.server.board[.pushed] < 500)
  }

  @Test func `what differs from the known text is one wrong message, and the text is found again`()
    throws
  {
    let stage = try Stage([], pushed: Self.text)
    stage.say(Self.text + Self.text)
    #expect(stage.count(.pushed) == 2)
    stage.say(Array("tick tack\n".utf8))
    #expect(stage.count(.pushed) == 2)
    #expect(stage.count(.pushedWrong) == 1)
    stage.say(Array("tack".utf8))
    #expect(stage.count(.pushedWrong) == 1)
    for byte in Self.text { stage.say([byte]) }
    #expect(stage.count(.pushed) == 3)
    stage.say(Array("ti".utf8) + Self.text)
    #expect(stage.count(.pushed) == 4)
    #expect(stage.count(.pushedWrong) == 2)
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `a connection that comes later begins at the text's start`() throws {
    let stage = try Stage([], pushed: Self.text)
    stage.say(Self.text[..<4])
    stage.world.play(phase: 3)
    stage.world.play(phase: 0)
    let next = try #require(try stage.peer.accept())
    _ = stage.peer.send(next, Self.text)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.count(.pushed) == 1)
    #expect(stage.count(.pushedWrong) == 0)
  }

  @Test func `messages go out beside what is pushed`() throws {
    let messages = Messages(
      patterns: [.test(every: .milliseconds(300), expect: .none)], patternsOfPhase: [[], [], [0]],
      pushed: Self.text)
    let world = try world(connections: 10, messages: messages)
    world.play(phase: 2)
    world.run(for: .milliseconds(2_999))
    #expect(world.client.messages(.received) == 100)
    #expect(world.client.board[.pushed] == 20)
    #expect(world.client.board[.pushedWrong] == 0)
  }
}
