import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// The client against a server that is not ours.
@Suite struct PeerTests {
  private func world(
    goal: Int, next: Int = 0, latency: UInt64 = 0
  ) throws -> (World, ScriptedPeer, [FileDescriptor]) {
    let world = World(.init(latency: latency))
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient([
      .open(goal: goal, rate: nil), .open(goal: max(goal, next), rate: nil),
    ])
    world.check = { [unowned world] in world.expectConsistency(goal: max(goal, next)) }
    world.play()
    world.run(for: .seconds(1))
    var accepted: [FileDescriptor] = []
    while let socket = try peer.accept() { accepted.append(socket) }
    #expect(accepted.count == goal)
    return (world, peer, accepted)
  }

  @Test(arguments: [true, false], [0, 1_000_000] as [UInt64])
  func `connections that the peer closes are lost, with the way they went`(
    reset: Bool, latency: UInt64
  ) throws {
    let (world, peer, sockets) = try world(goal: 50, latency: latency)
    for socket in sockets[10..<30] { try peer.close(socket, reset: reset) }
    world.run(for: .seconds(1))
    #expect(world.client.held == 30)
    #expect(world.client.board[.closedByPeer] == 20)
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.call == .closed)
    #expect(row.errno == (reset ? .connectionReset : nil))
    #expect(row.count == 20)
    // It counts itself: the worker held it when the kernel said that it was gone.
    #expect(row.held == 50)
    #expect(row.position == 10)
    #expect(world.client.board[.limited] == 0)
  }

  @Test func `a server counts those that are not the run's own apart`() throws {
    let world = World()
    let server = try world.addServer(clients: AddressSpan.spans(of: [.source]))
    try world.addClient([.open(goal: 3, rate: nil)])
    let stranger = ScriptedPeer(world.network, at: .second)
    let sockets = try (0..<2).map { try stranger.connect(offset: $0) }
    world.play()
    world.run(for: .seconds(1))
    #expect(server.held == 3)
    #expect(server.board[.strangersHeld] == 2)
    for socket in sockets { try stranger.close(socket, reset: true) }
    world.run(for: .seconds(1))
    #expect(server.held == 3)
    #expect(server.board[.opened] == 3)
    #expect(server.board[.strangersHeld] == 0)
    #expect(server.board[.strangers] == 2)
  }

  @Test func `connections from ephemeral ports are counted apart at both ends`() throws {
    let world = World()
    let server = try world.addServer(
      clients: AddressSpan.spans(of: [.source]), ephemeralPorts: 1026...1030)
    try world.addClient(
      [.open(goal: 4, rate: nil), .close(pace: .unpaced, reset: true)],
      ephemeralPorts: 1026...1030)
    // It has one of the clients' own addresses, and a port that they do not use.
    let other = ScriptedPeer(world.network, at: SocketAddress(.source, 1030))
    _ = try other.connect()
    world.play()
    world.run(for: .seconds(1))
    #expect(server.board[.held] == 2)
    #expect(server.board[.ephemeralHeld] == 3)
    #expect(world.client.held == 4)
    world.play(phase: 1)
    world.run(for: .seconds(1))
    #expect(server.board[.held] == 0)
    #expect(server.board[.ephemeralHeld] == 1)
    #expect(world.client.board[.ephemeral] == 2)
    #expect(server.board[.ephemeral] == 3)
  }

  @Test func `what others are sent, and how that fails, is not the run's`() throws {
    let world = World()
    let server = try world.addServer(
      reply: .push(every: 100_000_000, Array("tick\n".utf8)),
      clients: AddressSpan.spans(of: [.source])
    ) {
      // The first two rounds go to all five; then sending fails to those that came first.
      $0.faults = [.once(.send, .noMemory, nth: 11), .once(.send, .noMemory, nth: 12)]
    }
    let stranger = ScriptedPeer(world.network, at: .second)
    _ = try (0..<2).map { try stranger.connect(offset: $0) }
    world.run(for: .milliseconds(10))
    try world.addClient([.open(goal: 3, rate: nil)])
    world.play()
    world.run(for: .milliseconds(1_050))
    #expect(server.board[.strangersHeld] == 0)
    #expect(server.board[.pushed] == 30)
    #expect(server.failures.isEmpty)
    #expect(server.board[.failures] == 0)
  }

  @Test func `a client never connects to itself`() throws {
    let world = World()
    let own = SocketAddress(.source, 9000)
    try world.addClient(
      [.open(goal: 2, rate: nil)], ports: 8999...9000, endpoints: [own], timeout: .seconds(1))
    world.play()
    world.run(for: .seconds(3))
    #expect(world.client.held == 0)
    #expect(world.client.board[.portsSkipped] == 1)
    #expect(world.client.failures.contains { $0.errno == .connectionRefused })
  }

  @Test func `the next ramp replaces what was lost`() throws {
    let (world, peer, sockets) = try world(goal: 50, next: 60)
    for socket in sockets[..<20] { try peer.close(socket, reset: true) }
    world.run(for: .seconds(1))
    world.play(phase: 1)
    #expect(world.client.held == 60)
    #expect(world.client.board[.opened] == 80)
  }

  @Test func `a peer that finishes its half loses the connection`() throws {
    let (world, peer, sockets) = try world(goal: 5)
    peer.finish(sockets[2])
    world.run(for: .seconds(1))
    #expect(world.client.held == 4)
    #expect(world.client.failures.map(\.errno) == [nil])
    // The client's answer is a reset: no TIME_WAIT on either side.
    #expect(world.network.bindings.timeWaits.isEmpty)
  }

  @Test(arguments: [1, 100, 65_536, .max])
  func `an edge is read to its end, however short the reads`(limit: Int) throws {
    let (world, peer, sockets) = try world(goal: 3)
    world.client.process.receiveLimit = limit
    for count in [1, 500, 1000] {
      _ = peer.send(sockets[1], [UInt8](repeating: 7, count: count))
      world.run(for: .milliseconds(1))
    }
    #expect(world.client.board[.bytesReceived] == 1501)
    #expect(world.client.held == 3)
  }

  @Test func `bytes before the end are counted`() throws {
    let (world, peer, sockets) = try world(goal: 3)
    _ = peer.send(sockets[0], [1, 2, 3])
    try peer.close(sockets[0], reset: false)
    world.run(for: .milliseconds(1))
    #expect(world.client.board[.bytesReceived] == 3)
    #expect(world.client.held == 2)
  }

  @Test func `an idle connection wakes nobody twice for the same bytes`() throws {
    let (world, peer, sockets) = try world(goal: 3)
    _ = peer.send(sockets[0], [1, 2, 3])
    world.run(for: .seconds(1))
    let calls = world.client.process.totalCalls
    world.run(for: .seconds(1))
    #expect(world.client.process.totalCalls <= calls + 2)
  }
}
