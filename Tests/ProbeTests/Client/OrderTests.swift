import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

@Suite struct OrderTests {
  @Test func `being asked for a sign of life is answered by a turn, and begins nothing anew`()
    throws
  {
    let world = World()
    try world.addServer()
    try world.addClient([.open(goal: 10, rate: nil)])
    world.check = { [unowned world] in world.expectConsistency(goal: 10) }
    world.play()
    world.run(for: .seconds(1))
    let (client, server) = (world.client, world.server)
    let before = (client.board[.turns], server.board[.turns], client.board[.opened])
    // Asleep without limit.
    world.run(for: .seconds(3600))
    #expect(client.board[.turns] <= before.0 + 1)
    #expect(server.board[.turns] <= before.1 + 1)
    for process in [client.process, server.process] { process.wake() }
    world.run(for: .seconds(1))
    #expect(client.board[.turns] > before.0)
    #expect(server.board[.turns] > before.1)
    #expect(client.board[.opened] == before.2)
    #expect(client.held == 10)
  }

  private func world(
    _ tasks: [ClientTask], dials: SimulatedNetwork.Dials = .init(), clients: Int = 1
  ) throws -> World {
    let world = World(dials)
    try world.addServer()
    for index in 0..<clients {
      try world.addClient(tasks, share: WorkerShare(index: index, count: clients))
    }
    return world
  }

  private func held(_ world: World) -> Int { world.clients.reduce(0) { $0 + $1.held } }

  @Test(arguments: [1, 3])
  func `a second ramp opens only what is missing`(clients: Int) throws {
    let world = try world(
      [.open(goal: 100, rate: nil), .open(goal: 250, rate: 1000), .open(goal: 40, rate: nil)],
      clients: clients)
    world.check = { [unowned world] in world.expectConsistency(goal: 250) }
    world.play()
    #expect(held(world) == 100)
    world.play(phase: 1)
    #expect(held(world) == 250)
    #expect(world.clients.reduce(0) { $0 + $1.board[.opened] } == 250)
    // A lower goal closes nothing.
    world.play(phase: 2)
    #expect(held(world) == 250)
  }

  @Test func `a second ramp counts handshakes that the first one left under way`() throws {
    let world = try world(
      [.open(goal: 100, rate: nil), .open(goal: 150, rate: nil)],
      dials: .init(latency: 500_000_000))
    world.check = { [unowned world] in world.expectConsistency(goal: 150) }
    world.order(.begin)
    world.run(for: .milliseconds(100))
    #expect(world.client.connecting == 100)
    world.play(phase: 1)
    #expect(held(world) == 150)
    #expect(world.client.board[.opened] == 150)
  }

  @Test(arguments: [true, false], [nil, 500] as [Double?])
  func `a ramp follows a close`(reset: Bool, rate: Double?) throws {
    let world = try world([
      .open(goal: 100, rate: nil), .close(rate: rate, reset: reset), .open(goal: 120, rate: nil),
    ])
    world.check = { [unowned world] in world.expectConsistency(goal: 120) }
    world.play()
    let before = world.network.now
    world.play(phase: 1)
    let took = world.network.now - before
    #expect(rate == nil ? took == 0 : took == 198_000_000)
    #expect(held(world) == 0)
    world.run(for: .milliseconds(1))
    #expect(world.server.held == 0)
    #expect(world.server.failures.isEmpty)
    #expect(world.network.bindings.timeWaits.count == (reset ? 0 : 100))
    world.play(phase: 2)
    #expect(held(world) == 120)
    #expect(world.client.failures.isEmpty)
    #expect(world.client.board[.portsSkipped] == 0)
  }

  @Test func `a close takes handshakes along that are still under way`() throws {
    let world = try world(
      [.open(goal: 50, rate: nil), .close(rate: nil, reset: true)],
      dials: .init(latency: 500_000_000))
    world.order(.begin)
    world.run(for: .milliseconds(100))
    world.play(phase: 1)
    #expect(world.client.connecting == 0)
    world.run(for: .seconds(5))
    world.expectConsistency()
    #expect(world.client.held == 0)
    #expect(world.server.held == 0)
  }

  @Test func `the settle order ends a ramp half way`() throws {
    let world = try world([.open(goal: 100, rate: 100)], dials: .init(latency: 7_000_000))
    world.order(.begin)
    world.run(for: .milliseconds(495))
    world.order(.settle)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(0) })
    world.run(for: .seconds(1))
    #expect(world.client.held == 50)
    #expect(world.client.connecting == 0)
    #expect(world.client.board[.opened] == 50)
  }

  @Test func `a phase whose beginning was never read settles all the same`() throws {
    let world = try world([.open(goal: 10, rate: nil), .open(goal: 100, rate: 100)])
    world.play()
    // Both orders are written before the worker looks at either.
    world.order(.begin, phase: 1)
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    #expect(world.client.held == 10)
  }

  @Test func `the settle order does not break off a close`() throws {
    let world = try world([.open(goal: 100, rate: nil), .close(rate: 100, reset: true)])
    world.play()
    world.order(.begin, phase: 1)
    world.run(for: .milliseconds(200))
    world.order(.settle, phase: 1)
    world.run(for: .milliseconds(1))
    #expect(!world.hasSettled(1))
    world.run(for: .seconds(1))
    #expect(world.hasSettled(1))
    #expect(world.client.held == 0)
  }

  @Test func `keeping settles at once and loses nothing`() throws {
    let world = try world([.open(goal: 10, rate: nil), .keep])
    world.play()
    let calls = world.client.process.attentionCalls
    world.play(phase: 1)
    #expect(world.client.held == 10)
    #expect(world.client.process.attentionCalls == calls + 1)
  }

  @Test func `an idle worker makes no system calls`() throws {
    let world = try world([.open(goal: 10, rate: nil), .keep])
    world.play()
    world.play(phase: 1)
    world.run(for: .seconds(1))
    let calls = world.client.process.totalCalls + world.server.process.totalCalls
    world.run(for: .seconds(3600))
    #expect(world.client.process.totalCalls + world.server.process.totalCalls <= calls + 2)
  }

  @Test(arguments: [0, 250])
  func `the quit order ends both loops`(milliseconds: Int) throws {
    let world = try world([.open(goal: 100, rate: 100)])
    world.order(.begin)
    world.run(for: .milliseconds(milliseconds))
    world.order(.quit)
    world.run(for: .milliseconds(1))
    #expect(world.client.hasQuit)
    #expect(world.server.hasQuit)
  }

  @Test func `failures belong to the phase in which they happen, at both ends`() throws {
    let world = try world([.open(goal: 10, rate: nil), .keep, .open(goal: 20, rate: nil)])
    world.play()
    world.play(phase: 1)
    world.server.process.exit()
    world.run(for: .seconds(1))
    world.play(phase: 2)
    #expect(world.client.failures.map(\.phase) == [1, 2])
    #expect(world.client.failures.map(\.call) == [.closed, .connect])
    #expect(world.client.failures.map(\.count) == [10, 20])
  }
}
