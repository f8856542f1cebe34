import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import struct Probe.Token
@testable import Simulation

/// Events that come when their connection is gone and its row has a new tenant.
@Suite struct StaleEventTests {
  private static func lost(_ token: UInt64) -> ReadyEvent {
    ReadyEvent(token: token, seen: .readable | .writable | .error | .hangUp | .peerHangUp)
  }

  private func isConnection(_ event: ReadyEvent) -> Bool {
    event.token != Token.wakeUp.rawValue && event.token != Token.listener.rawValue
  }

  @Test func `the client's new connection is not ended by the old one's event`() throws {
    let world = World()
    try world.addServer()
    try world.addClient([
      .open(goal: 8, rate: nil), .close(rate: nil, reset: true), .open(goal: 8, rate: nil),
    ]) { $0.keepsEvents = true }
    world.check = { [unowned world] in world.expectConsistency(goal: 8) }
    world.play()
    let old = world.client.process.keptEvents.filter(isConnection)
    #expect(old.count == 8)
    world.play(phase: 1)
    world.client.process.staleEvents = old.map { Self.lost($0.token) }
    world.run(for: .milliseconds(1))
    world.network.dials.latency = 100_000_000
    world.order(.begin, phase: 2)
    world.run(for: .milliseconds(1))
    #expect(world.client.connecting == 8)
    world.client.process.staleEvents = old.map { Self.lost($0.token) }
    world.run(for: .milliseconds(1))
    #expect(world.client.connecting == 8)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(2) })
    #expect(world.client.held == 8)
    #expect(world.client.failures.isEmpty)
    let own = world.client.process.keptEvents.filter(isConnection).suffix(8)
    #expect(Set(own.map(\.token)).isDisjoint(with: old.map(\.token)))
  }

  @Test func `the server's new connection is not ended by the old one's event`() throws {
    let world = World()
    let server = try world.addServer { $0.keepsEvents = true }
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let first = try peer.connect()
    world.run(for: .milliseconds(1))
    _ = peer.send(first, [1])
    world.run(for: .milliseconds(1))
    let old = try #require(server.process.keptEvents.last(where: isConnection))
    try peer.close(first, reset: true)
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)

    server.process.staleEvents = [Self.lost(old.token)]
    world.run(for: .milliseconds(1))
    #expect(server.board[.closedByPeer] == 1)

    let second = try peer.connect(offset: 1)
    world.run(for: .milliseconds(1))
    server.process.staleEvents = [Self.lost(old.token)]
    world.run(for: .milliseconds(1))
    #expect(server.held == 1)

    _ = peer.send(second, [2])
    world.run(for: .milliseconds(1))
    let own = try #require(server.process.keptEvents.last(where: isConnection))
    // The same descriptor, another tenant.
    #expect(Token(rawValue: own.token).slot == Token(rawValue: old.token).slot)
    server.process.staleEvents = [Self.lost(own.token)]
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
  }
}
