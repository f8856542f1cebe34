import Addressing
import Linux
import Probe
import SystemPackage
import Testing

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
    // Somebody else's ports count each time that they are met, our own never.
    #expect((taken...2 * taken).contains(Int(world.client.board[.portsSkipped])))
    #expect(world.client.process.count(of: .connect) == (taken == 0 ? 20 : 2 * (20 - taken)))
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
  }
}
