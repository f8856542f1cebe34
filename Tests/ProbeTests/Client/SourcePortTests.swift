import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

@Suite struct SourcePortTests {
  private func world(
    _ dials: SimulatedNetwork.Dials, goal: Int, sources: [IPAddress] = [.source],
    endpoints: [SocketAddress] = [.first], ports: ClosedRange<UInt16> = 2000...2019
  ) throws -> World {
    let world = World(dials)
    for endpoint in endpoints { try world.addServer(endpoint) }
    try world.addClient(
      [.open(goal: goal, rate: nil)], sources: sources, ports: ports, endpoints: endpoints)
    world.check = { [unowned world] in world.expectConsistency(goal: goal) }
    world.play()
    return world
  }

  @Test func `taken ports are skipped and counted, and are no limit while others are left`() throws
  {
    let world = try world(.init(takenPorts: [2000, 2003, 2004, 2019, 2024]), goal: 15)
    #expect(world.client.held == 15)
    #expect(world.client.board[.portsSkipped] == 3)
    #expect(world.client.failures.isEmpty)
    #expect(world.client.board[.limited] == 0)
  }

  @Test func `a port that is taken at one address is free at the next`() throws {
    let taken: Set<SocketAddress> = [SocketAddress(.source, 2007)]
    let world = try world(
      .init(takenAddresses: taken), goal: 39, sources: [.source, .v4(0x7F00_0003)])
    #expect(world.client.held == 39)
    #expect(world.client.board[.portsSkipped] == 1)
    #expect(world.client.board.held(bySource: 0) == 19)
    #expect(world.client.board.held(bySource: 1) == 20)
  }

  @Test(arguments: [0, 1, 5])
  func `when nothing is left the limit is source ports, filed once`(taken: Int) throws {
    let ports = Set((0..<taken).map { UInt16(2015 + $0) })
    let world = try world(.init(takenPorts: ports), goal: 100)
    #expect(world.client.held == 20 - taken)
    #expect(world.client.failures.map(\.call) == [.connect])
    #expect(world.client.failures.map(\.errno) == [.addressNotAvailable])
    #expect(world.client.failures.map(\.count) == [1])
    #expect(world.client.board[.limited] == 1)
    // It has no place: each of the run's own ports is where it should be.
    #expect(world.client.failures.map(\.position) == [nil])
    // Somebody else's ports count once each, our own never, and are not tried again.
    #expect(world.client.board[.portsSkipped] == UInt64(taken))
    #expect(world.client.process.count(of: .connect) == 20 - taken)
    #expect(world.client.board[.opened] == UInt64(20 - taken + 1))
  }

  @Test func `where the plan would fit, whoever holds its ports is the limit`() throws {
    let taken: Set<UInt16> = [2003, 2004, 2019]
    let world = try world(.init(takenPorts: taken), goal: 20)
    #expect(world.client.held == 17)
    #expect(world.client.failures.map(\.call) == [.bind])
    #expect(world.client.failures.map(\.errno) == [.addressInUse])
    #expect(world.client.failures.map(\.count) == [1])
    // The first that the last attempt met.
    #expect(world.client.failures.map(\.position) == [19])
    #expect(world.client.board[.portsSkipped] == 3)
    #expect(world.client.board[.opened] == 18)
    #expect(world.client.board[.failures] == 1)
  }

  @Test func `lap after lap a taken port counts once, and a port of our own never`() throws {
    let world = World(.init(takenPorts: [2003, 2004]))
    try world.addServer()
    let churn = ClientTask.churn(
      rate: 100, lifetime: 50_000_000, span: 2_000_000_000, reset: true)
    try world.addClient([.open(goal: 5, rate: nil), churn], ports: 2000...2019)
    world.check = { [unowned world] in world.expectConsistency() }
    world.play(phase: 0)
    world.play(phase: 1)
    #expect(world.client.failures.isEmpty)
    // Ten laps and more.
    #expect(world.client.board[.churned] == 200)
    #expect(world.client.board[.portsSkipped] == 2)
    #expect(world.client.process.count(of: .connect) == 205)
  }

  @Test func `each attempt that fails before it is under way is an attempt`() throws {
    let missing = IPAddress.v4(0x0A00_0001)
    let world = try world(
      .init(missingAddresses: [missing]), goal: 40, sources: [.source, missing])
    #expect(world.client.board[.opened] == 40)
    #expect(world.client.board[.failures] == 20)
  }

  @Test func `when somebody else has every port the limit is the port`() throws {
    let world = try world(.init(takenPorts: Set(2000...2019)), goal: 5)
    #expect(world.client.held == 0)
    #expect(world.client.failures.map(\.call) == [.bind])
    #expect(world.client.failures.map(\.errno) == [.addressInUse])
    #expect(world.client.board[.portsSkipped] == 20)
    #expect(world.client.process.sockets.isEmpty)
    // One socket serves for all of the attempts.
    #expect(world.client.process.count(of: .open) == 1)
  }

  @Test func `a port is shared between endpoints once all were used`() throws {
    let world = try world(.init(), goal: 40, endpoints: [.first, .second])
    world.run(for: .milliseconds(1))
    #expect(world.client.held == 40)
    #expect(world.servers.reduce(0) { $0 + $1.held } == 40)
    #expect(world.client.board[.portsSkipped] == 0)
  }

  @Test func `a client that has no tuple at all says so`() throws {
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: 8, rate: nil)], share: WorkerShare(index: 3, count: 4), ports: 2000...2002)
    world.play()
    #expect(world.client.held == 0)
    #expect(world.client.failures.map(\.count) == [1])
    #expect(world.client.board[.limited] == 1)
  }

  @Test func `an address that is not on the host ends the ramp when patience does`() throws {
    let missing = IPAddress.v4(0x0A00_0001)
    let world = try world(
      .init(missingAddresses: [missing]), goal: 400, sources: [missing], ports: 2000...2999)
    #expect(world.client.failures.map(\.call) == [.bind])
    #expect(world.client.failures.map(\.errno) == [.addressNotAvailable])
    #expect(world.client.failures.map(\.count) == [100])
    #expect(world.client.process.sockets.isEmpty)
  }

  @Test func `one missing address of several costs its share alone`() throws {
    let missing = IPAddress.v4(0x0A00_0001)
    let world = try world(
      .init(missingAddresses: [missing]), goal: 40, sources: [.source, missing])
    #expect(world.client.held == 20)
    #expect(world.client.failures.map(\.count) == [20])
  }

  @Test func `tuples in TIME_WAIT are skipped`() throws {
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: 10, rate: nil), .close(rate: nil, reset: false), .open(goal: 15, rate: nil)],
      ports: 2000...2019)
    world.play()
    world.play(phase: 1)
    world.run(for: .seconds(1))
    world.play(phase: 2)
    // Ten fresh ones, and ten that TIME_WAIT keeps: five short.
    #expect(world.client.held == 10)
    #expect(world.client.failures.map(\.errno) == [.addressNotAvailable])
    #expect(world.client.failures.map(\.position) == [0])
    #expect(world.client.board[.portsSkipped] == 10)
  }
}
