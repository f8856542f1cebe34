import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

@Suite struct EchoTests {
  private static let message = (0..<64).map { UInt8($0) }

  private func connected(
    _ dials: SimulatedNetwork.Dials = .init(), reply: ServerReply = .echo,
    readiness: ServerReadiness = .direct, prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> (World, ScriptedPeer, FileDescriptor) {
    let world = World(dials)
    try world.addServer(reply: reply, readiness: readiness, prepare: prepare)
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(10))
    #expect(world.server.held == 1)
    return (world, peer, socket)
  }

  /// Sends what fits and reads what came until all of the message is back.
  private func exchange(
    _ message: [UInt8], _ world: World, _ peer: ScriptedPeer, _ socket: FileDescriptor
  ) -> [UInt8] {
    var sent = 0
    var echo: [UInt8] = []
    for _ in 0..<10_000 where echo.count < message.count {
      if case .moved(let count) = peer.send(socket, message[sent...]) { sent += count }
      world.run(for: .milliseconds(10))
      echo += peer.receive(socket)
    }
    return echo
  }

  @Test(arguments: 1...64, [.direct, .rearm] as [ServerReadiness])
  func `comes back byte for byte through short writes`(
    limit: Int, readiness: ServerReadiness
  ) throws {
    let (world, peer, socket) = try connected(readiness: readiness) { $0.sendLimit = limit }
    #expect(exchange(Self.message, world, peer, socket) == Self.message)
    #expect(world.server.board[.bytesReceived] == 64)
    #expect(world.server.board[.bytesSent] == 64)
    #expect(world.server.process.count(of: .send) == (63 + limit) / limit)
    #expect(exchange(Self.message.reversed(), world, peer, socket) == Self.message.reversed())
  }

  @Test(arguments: [1, 2, 3, 7, 63, 64, 65], [.direct, .rearm] as [ServerReadiness])
  func `comes back byte for byte through full buffers`(
    size: Int, readiness: ServerReadiness
  ) throws {
    for latency in [0, 1_000_000] as [UInt64] {
      let (world, peer, socket) = try connected(
        .init(latency: latency, bufferSize: size), readiness: readiness)
      let message = Self.message + Self.message.reversed()
      #expect(exchange(message, world, peer, socket) == message)
      #expect(world.server.board[.bytesSent] == 128)
    }
  }

  @Test(arguments: [1, 13, 64])
  func `comes back byte for byte through short reads`(limit: Int) throws {
    let (world, peer, socket) = try connected { $0.receiveLimit = limit }
    #expect(exchange(Self.message, world, peer, socket) == Self.message)
  }

  @Test(arguments: [.direct, .rearm] as [ServerReadiness])
  func `waits for readiness to write only when it must, or is told to`(
    readiness: ServerReadiness
  ) throws {
    let (world, peer, socket) = try connected(readiness: readiness)
    for _ in 0..<10 { #expect(exchange(Self.message, world, peer, socket) == Self.message) }
    // There and back again for each answer.
    #expect(world.server.process.count(of: .rewatch) == (readiness == .rearm ? 20 : 0))
  }

  @Test(arguments: [.direct, .rearm] as [ServerReadiness])
  func `discarding reads everything and says nothing`(readiness: ServerReadiness) throws {
    let (world, peer, socket) = try connected(reply: .discard, readiness: readiness)
    for _ in 0..<10 { _ = peer.send(socket, Self.message) }
    world.run(for: .milliseconds(10))
    #expect(world.server.board[.bytesReceived] == 640)
    #expect(world.server.board[.bytesSent] == 0)
    #expect(world.server.process.count(of: .send) == 0)
    #expect(peer.receive(socket).isEmpty)
  }

  @Test func `a client that does not read its answers is held back, not stored`() throws {
    let (world, peer, socket) = try connected(.init(bufferSize: 1000))
    var sent = 0
    for _ in 0..<100 {
      if case .moved(let count) = peer.send(socket, [UInt8](repeating: 1, count: 1000)) {
        sent += count
      }
      world.run(for: .milliseconds(1))
    }
    // The client's buffer, one read of the server, the server's buffer.
    #expect(sent == 3000)
    #expect(world.server.board[.bytesReceived] == 2000)
    let calls = world.server.process.totalCalls
    world.run(for: .seconds(60))
    #expect(world.server.process.totalCalls <= calls + 2)
    var back = 0
    for _ in 0..<10 {
      back += peer.receive(socket).count
      world.run(for: .milliseconds(1))
    }
    #expect(back == 3000)
  }

  @Test(arguments: [.direct, .rearm] as [ServerReadiness])
  func `a client that has finished still gets its answer, and then the end`(
    readiness: ServerReadiness
  ) throws {
    let (world, peer, socket) = try connected(.init(bufferSize: 10), readiness: readiness)
    _ = peer.send(socket, Self.message.prefix(10))
    peer.finish(socket)
    world.run(for: .milliseconds(1))
    #expect(peer.receive(socket) == Array(Self.message.prefix(10)))
    world.run(for: .milliseconds(1))
    #expect(peer.isClosed(socket))
    #expect(world.server.held == 0)
    #expect(world.server.failures.isEmpty)
  }

  @Test(arguments: [.direct, .rearm] as [ServerReadiness], [true, false])
  func `a client may go while its answer is still unsent`(
    readiness: ServerReadiness, reset: Bool
  ) throws {
    let (world, peer, socket) = try connected(.init(bufferSize: 10), readiness: readiness)
    for _ in 0..<3 {
      _ = peer.send(socket, Self.message)
      world.run(for: .milliseconds(1))
    }
    try peer.close(socket, reset: reset)
    world.run(for: .seconds(1))
    #expect(world.server.held == 0)
    #expect(world.server.board[.closedByPeer] == 1)
    // Its descriptor's next tenant inherits nothing.
    let next = try peer.connect(offset: 1)
    world.run(for: .milliseconds(1))
    #expect(exchange(Self.message, world, peer, next) == Self.message)
  }

  @Test func `many clients at once do not get each other's answers`() throws {
    let (world, peer, first) = try connected(.init(bufferSize: 5)) { $0.sendLimit = 3 }
    let sockets = try [first] + (1..<40).map { try peer.connect(offset: $0) }
    world.run(for: .milliseconds(1))
    var echoes = [[UInt8]](repeating: [], count: 40)
    for _ in 0..<20 {
      for (index, socket) in sockets.enumerated() {
        _ = peer.send(socket, [UInt8(index), UInt8(index), UInt8(index)])
      }
      world.run(for: .milliseconds(1))
      for (index, socket) in sockets.enumerated() { echoes[index] += peer.receive(socket) }
    }
    for (index, echo) in echoes.enumerated() {
      #expect(echo == [UInt8](repeating: UInt8(index), count: 60))
    }
  }
}
