import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

@Suite struct HandshakeTests {
  @Test func `handshakes expire in the order in which they were begun and free their rows`() throws
  {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addServer()
    try world.addClient([.open(goal: 50, rate: 8)], timeout: .seconds(2)) { $0.loggedCall = .close }
    world.check = { [unowned world] in world.expectConsistency(goal: 50) }
    let start = world.network.now
    world.play()
    let expiries = world.client.process.loggedInstants.map { $0 - start }
    #expect(expiries == (0..<50).map { 2_000_000_000 + $0 * 125_000_000 })
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.call == .connectTimeout)
    #expect(row.errno == nil)
    #expect(row.count == 50)
    #expect(row.held == 0)
    #expect(row.position == 0)
    #expect(world.client.connecting == 0)
    #expect(world.client.process.sockets.isEmpty)
    #expect(world.client.board[.limited] == 0)
  }

  @Test func `a hundred timeouts in a row end the ramp`() throws {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addServer()
    try world.addClient([.open(goal: 10_000, rate: 100)], timeout: .seconds(1))
    world.play()
    #expect(world.client.board[.limited] == 1)
    // Two seconds' worth: those whose time is up, and those begun since.
    #expect((199...200).contains(world.client.board[.opened]))
    #expect(world.client.failures.map(\.count) == [world.client.board[.opened]])
  }

  @Test func `the kernel's own timeout is told apart`() throws {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addServer()
    try world.addClient([.open(goal: 5, rate: nil)], timeout: .seconds(3600))
    let start = world.network.now
    world.play()
    #expect(world.network.now - start == 127_000_000_000)
    #expect(world.client.failures.map(\.call) == [.connect])
    #expect(world.client.failures.map(\.errno) == [.timedOut])
    #expect(world.client.failures.map(\.count) == [5])
  }

  @Test func `timeouts are noticed while a slow close goes on`() throws {
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: 10, rate: nil), .open(goal: 12, rate: nil), .close(rate: 0.01, reset: true)],
      timeout: .seconds(2))
    world.play()
    world.network.dials.silentEndpoints = [.first]
    world.order(.begin, phase: 1)
    let due = world.now.advanced(by: .seconds(2))
    world.run(for: .seconds(1))
    #expect(world.client.connecting == 2)
    world.order(.begin, phase: 2)
    world.run(for: .seconds(5))
    #expect(world.client.connecting == 0)
    #expect(world.client.failures.map(\.call) == [.connectTimeout])
    #expect(world.client.failures.map(\.first) == [due])
    #expect(world.client.held == 9)
  }

  @Test func `a full accept queue delays handshakes and costs none when the server catches up`()
    throws
  {
    let world = World()
    try world.addServer(backlog: 9)
    try world.addClient([.open(goal: 25, rate: nil)])
    world.server.process.isStopped = true
    world.order(.begin)
    world.run(for: .milliseconds(900))
    #expect(world.client.held == 10)
    #expect(world.client.connecting == 15)
    #expect(world.network.overflows == 15)
    world.server.process.isStopped = false
    #expect(world.run(for: .seconds(10)) { world.hasSettled(0) })
    #expect(world.client.held == 25)
    #expect(world.client.failures.isEmpty)
    world.run(for: .seconds(1))
    #expect(world.server.held == 25)
  }

  @Test func `a server that never accepts leaves phantoms and timeouts`() throws {
    let world = World()
    try world.addServer(backlog: 9)
    try world.addClient([.open(goal: 25, rate: nil)])
    world.server.process.isStopped = true
    world.play()
    #expect(world.client.held == 10)
    #expect(world.server.held == 0)
    #expect(world.client.failures.map(\.call) == [.connectTimeout])
    #expect(world.client.failures.map(\.count) == [15])
  }

  @Test(arguments: 0..<5 as Range<UInt64>)
  func `lost packets cost time but no connection`(seed: UInt64) throws {
    let world = World(.init(latency: 1_000_000, loss: 0.3), seed: seed)
    try world.addServer()
    try world.addClient([.open(goal: 200, rate: 500)], timeout: .seconds(200))
    world.check = { [unowned world] in world.expectConsistency(goal: 200) }
    world.play()
    #expect(world.client.held == 200)
  }

  @Test func `a connection that is reset right away is no established one`() throws {
    let world = World(.init(latency: 1_000_000))
    let peer = ScriptedPeer(world.network, at: .second)
    try peer.listen()
    try world.addClient([.open(goal: 1, rate: nil)], endpoints: [.second])
    world.order(.begin)
    world.run(for: .milliseconds(2))
    world.client.process.isStopped = true
    world.network.advance(to: world.network.now + 2_000_000)
    let socket = try #require(try peer.accept())
    try peer.close(socket, reset: true)
    world.network.advance(to: world.network.now + 2_000_000)
    world.client.process.isStopped = false
    world.run(for: .seconds(1))
    #expect(world.client.held == 0)
    world.expectConsistency()
    #expect(world.client.failures.map(\.errno) == [.connectionReset])
  }
}
