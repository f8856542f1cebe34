import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// A byte out and back on every connection, to tell the living from the dead.
@Suite struct VerifyTests {
  private func world(
    goal: Int, dials: SimulatedNetwork.Dials = .init(), clients: Int = 1,
    reply: ServerReply = .echo, readiness: ServerReadiness = .direct
  ) throws -> World {
    let world = World(dials)
    try world.addServer(reply: reply, readiness: readiness)
    for index in 0..<clients {
      try world.addClient(
        [.open(goal: goal, rate: nil), .close(rate: nil, reset: true), .open(goal: 5, rate: nil)],
        share: WorkerShare(index: index, count: clients))
    }
    world.check = { [unowned world] in world.expectConsistency(goal: max(goal, 5)) }
    world.play()
    world.run(for: .seconds(1))
    #expect(total(.held, world) == goal)
    return world
  }

  /// A server that does nothing of itself, and its ends of the connections.
  private func silentWorld(
    goal: Int, dials: SimulatedNetwork.Dials = .init()
  ) throws -> (World, ScriptedPeer, [FileDescriptor]) {
    let world = World(dials)
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient([.open(goal: goal, rate: nil), .close(rate: nil, reset: true)])
    world.check = { [unowned world] in world.expectConsistency(goal: goal) }
    world.play()
    world.run(for: .seconds(1))
    var accepted: [FileDescriptor] = []
    while let socket = try peer.accept() { accepted.append(socket) }
    return (world, peer, accepted)
  }

  private func total(_ counter: Counter, _ world: World) -> Int {
    world.clients.reduce(0) { $0 + Int($1.board[counter]) }
  }

  private func verify(_ world: World, phase: Int = 0, for time: Duration = .seconds(1)) {
    world.order(.verify, phase: phase)
    world.run(for: time)
  }

  // Sixteen are asked before events are looked at again.
  @Test(arguments: [1, 15, 16, 17, 500], [.direct, .rearm] as [ServerReadiness])
  func `every connection answers once`(goal: Int, readiness: ServerReadiness) throws {
    let world = try world(goal: goal, readiness: readiness)
    verify(world)
    #expect(total(.verified, world) == goal)
    #expect(total(.bytesSent, world) == goal)
    #expect(total(.bytesReceived, world) == goal)
    #expect(Int(world.server.board[.bytesReceived]) == goal)
    #expect(total(.held, world) == goal)
    world.run(for: .seconds(60))
    #expect(total(.verified, world) == goal)
    #expect(world.client.failures.isEmpty)
  }

  @Test(arguments: [0, 5_000_000] as [UInt64])
  func `every worker asks its own`(latency: UInt64) throws {
    let world = try world(goal: 100, dials: .init(latency: latency), clients: 3)
    verify(world)
    #expect(world.clients.map { $0.board[.verified] } == [34, 33, 33])
  }

  @Test func `with nothing held there is nothing to ask`() throws {
    let world = try world(goal: 0)
    verify(world)
    #expect(total(.bytesSent, world) == 0)
    #expect(total(.verified, world) == 0)
    world.play(phase: 2)
    #expect(total(.held, world) == 5)
  }

  @Test func `a second one asks all of them again`() throws {
    let world = try world(goal: 40)
    verify(world)
    verify(world)
    #expect(total(.verified, world) == 80)
    #expect(total(.bytesSent, world) == 80)
  }

  @Test func `a server that only reads answers nobody`() throws {
    let world = try world(goal: 40, reply: .discard)
    verify(world)
    #expect(total(.verified, world) == 0)
    #expect(total(.bytesSent, world) == 40)
    #expect(total(.held, world) == 40)
  }

  @Test func `a server that hangs answers nobody, and its connections stay`() throws {
    let world = try world(goal: 40)
    world.server.process.isStopped = true
    verify(world)
    #expect(total(.verified, world) == 0)
    #expect(total(.held, world) == 40)
    // Back to life it finds the bytes, and late answers count as well.
    world.server.process.isStopped = false
    world.run(for: .seconds(1))
    #expect(total(.verified, world) == 40)
  }

  @Test func `a server that died answers nobody, and its connections are gone`() throws {
    let world = try world(goal: 40)
    world.server.process.exit()
    verify(world)
    #expect(total(.verified, world) == 0)
    #expect(total(.held, world) == 0)
    #expect(world.client.failures.map(\.count) == [40])
  }

  @Test func `a server that dies half way has answered some`() throws {
    let world = try world(goal: 400, dials: .init(latency: 100_000, costPerCall: 1_000))
    world.order(.verify)
    world.run(for: .seconds(1)) { self.total(.verified, world) >= 100 }
    world.server.process.exit()
    world.run(for: .seconds(1))
    let answered = total(.verified, world)
    #expect((100..<400).contains(answered))
    #expect(total(.held, world) == 0)
    #expect(world.client.failures.reduce(0) { $0 + $1.count } == 400)
  }

  @Test func `a second one counts new answers only, and asks nobody who owes one`() throws {
    let (world, peer, sockets) = try silentWorld(goal: 10)
    func echo(_ sockets: some Sequence<FileDescriptor>) -> Int {
      let bytes = sockets.map { socket in
        let bytes = peer.receive(socket)
        _ = peer.send(socket, bytes)
        return bytes.count
      }
      world.run(for: .seconds(1))
      return bytes.reduce(0, +)
    }
    verify(world)
    #expect(echo(sockets[..<4]) == 4)
    #expect(total(.verified, world) == 4)

    verify(world)
    #expect(total(.bytesSent, world) == 14)
    #expect(total(.verified, world) == 4)
    #expect(echo(sockets) == 10)
    #expect(total(.verified, world) == 14)
  }

  @Test func `what a server says unasked is no answer`() throws {
    let (world, peer, sockets) = try silentWorld(goal: 10)
    _ = peer.send(sockets[3], [1, 2, 3])
    world.run(for: .seconds(1))
    #expect(total(.verified, world) == 0)
    verify(world)
    // A long answer is one answer.
    _ = peer.send(sockets[3], [1, 2, 3])
    world.run(for: .seconds(1))
    _ = peer.send(sockets[3], [4])
    world.run(for: .seconds(1))
    #expect(total(.verified, world) == 1)
  }

  @Test(arguments: [true, false])
  func `connections that end while they owe an answer are lost`(reset: Bool) throws {
    let (world, peer, sockets) = try silentWorld(goal: 50, dials: .init(latency: 1_000_000))
    verify(world)
    for socket in sockets[10..<30] {
      _ = peer.receive(socket)
      try peer.close(socket, reset: reset)
    }
    for socket in sockets[30...] { _ = peer.send(socket, peer.receive(socket)) }
    world.run(for: .seconds(1))
    #expect(total(.verified, world) == 20)
    #expect(total(.held, world) == 30)
    #expect(world.client.failures.map(\.errno) == [reset ? .connectionReset : nil])
    #expect(world.client.failures.map(\.count) == [20])
  }

  @Test func `a reset that is met while asking keeps its errno`() throws {
    // A call takes a tenth of the way: the resets arrive between one question and the next.
    let (world, peer, sockets) = try silentWorld(
      goal: 16, dials: .init(latency: 10_000, costPerCall: 1_000))
    world.order(.verify)
    world.round()
    for socket in sockets[12...] { try peer.close(socket, reset: true) }
    world.run(for: .seconds(1))
    #expect(total(.held, world) == 12)
    #expect(world.client.failures.map(\.call) == [.closed])
    #expect(world.client.failures.map(\.errno) == [.connectionReset])
    #expect(world.client.failures.map(\.count) == [4])
    #expect(total(.bytesSent, world) < 16)
  }

  @Test(arguments: [true, false])
  func `a close takes the asked along, answered or not`(answered: Bool) throws {
    let world = try world(goal: 40, reply: answered ? .echo : .discard)
    verify(world)
    #expect(world.hasSettled(0))
    world.play(phase: 1)
    #expect(total(.held, world) == 0)
    world.run(for: .seconds(1))
    #expect(world.server.held == 0)
    // The rows of those who never answered are as free as the others.
    world.play(phase: 2)
    verify(world, phase: 2)
    #expect(total(.held, world) == 5)
    #expect(total(.verified, world) == (answered ? 45 : 0))
  }

  @Test func `a close that comes while still asking goes first`() throws {
    let world = try world(goal: 400, dials: .init(latency: 100_000, costPerCall: 1_000))
    world.order(.verify)
    world.run(for: .seconds(1)) { self.total(.bytesSent, world) >= 50 }
    world.play(phase: 1)
    #expect(total(.held, world) == 0)
    #expect(total(.bytesSent, world) < 400)
    world.run(for: .seconds(1))
    #expect(world.server.held == 0)
  }
}
