import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Limits of the simulated host and its processes, rather than errors put in by hand.
@Suite struct LimitTests {
  private func world(
    _ dials: SimulatedNetwork.Dials = .init(), goal: Int, rate: Double? = 1000,
    clientLimit: Int = 20_000, serverLimit: Int = 20_000
  ) throws -> World {
    let world = World(dials)
    try world.addServer(descriptorLimit: serverLimit)
    try world.addClient(
      [.open(goal: goal, rate: rate), .close(rate: 100, reset: true)], descriptorLimit: clientLimit)
    world.check = { [unowned world] in world.expectConsistency(goal: goal) }
    return world
  }

  @Test(arguments: [8, 9, 50, 107], [nil, 1000] as [Double?])
  func `a client holds as many connections as it has descriptors`(
    limit: Int, rate: Double?
  ) throws {
    let world = try world(goal: 200, rate: rate, clientLimit: limit)
    world.play()
    #expect(world.client.held == limit - descriptorsPerWorker)
    #expect(world.client.failures.map(\.call) == [.socket])
    #expect(world.client.failures.map(\.errno) == [.tooManyOpenFiles])
    #expect(world.client.failures.map(\.count) == [1])
    #expect(world.client.board[.limited] == 1)
  }

  @Test(arguments: [nil, 1000] as [Double?])
  func `a server at its limit lets the others wait and does nothing`(rate: Double?) throws {
    let capacity = 30
    let world = try world(
      goal: 50, rate: rate, serverLimit: capacity + descriptorsPerWorker + 1)
    world.play()
    world.run(for: .seconds(1))
    #expect(world.client.held == 50)
    #expect(world.server.held == capacity)
    let row = try #require(world.server.failures.first)
    #expect(world.server.failures.count == 1)
    #expect(row.call == .accept)
    #expect(row.errno == .tooManyOpenFiles)
    #expect(row.count == 1)
    #expect(row.held == UInt64(capacity))
    #expect(world.server.board[.limited] == 1)
    // The spare is given back, so that somebody can still report the limit.
    #expect(world.server.process.openDescriptors == capacity + descriptorsPerWorker)
    let calls = world.server.process.totalCalls
    world.run(for: .seconds(3600))
    #expect(world.server.process.totalCalls <= calls + 2)
  }

  @Test func `a server at its limit takes the next one when a connection closes`() throws {
    let capacity = 5
    let world = World()
    let server = try world.addServer(descriptorLimit: capacity + descriptorsPerWorker + 1)
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let sockets = try (0..<8).map { try peer.connect(offset: $0) }
    world.run(for: .milliseconds(1))
    #expect(server.held == capacity)
    for closed in 1...8 {
      try peer.close(sockets[closed - 1], reset: true)
      world.run(for: .milliseconds(1))
      #expect(server.held == min(capacity, 8 - closed))
    }
    #expect(server.board[.opened] == 8)
    // Full at first, and again after each of the two closes that left somebody in the queue.
    #expect(server.failures.map(\.count) == [3])
    #expect(server.process.openDescriptors == descriptorsPerWorker + 1)
  }

  @Test func `a server turns away whom its tables have no row for, and writes to none`() throws {
    let capacity = 5
    let world = World()
    let server = try world.addServer(rows: capacity + descriptorsPerWorker + 1)
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let sockets = try (0..<8).map { try peer.connect(offset: $0) }
    world.run(for: .milliseconds(1))
    // The sixth was taken before the server knew; the other two wait.
    #expect(server.held == capacity)
    #expect(server.failures.map(\.call) == [.accept])
    #expect(server.failures.map(\.errno) == [.tooManyOpenFiles])
    #expect(server.failures.map(\.count) == [1])
    #expect(server.board[.limited] == 1)
    #expect(peer.process.socket(sockets[5]).emptyReading() == .failed(.connectionReset))
    for (closed, held) in [(0, 5), (1, 4), (2, 3), (5, 3), (6, 2), (3, 1), (4, 0), (7, 0)] {
      try peer.close(sockets[closed], reset: true)
      world.run(for: .milliseconds(1))
      #expect(server.held == held)
    }
    #expect(server.board[.opened] == 6)
    #expect(server.process.openDescriptors == descriptorsPerWorker + 1)
  }

  @Test(arguments: [nil, 1000] as [Double?])
  func `exactly as many connections as fit are no limit`(rate: Double?) throws {
    let world = try world(goal: 30, rate: rate, serverLimit: 30 + descriptorsPerWorker + 1)
    world.play()
    world.run(for: .seconds(5))
    #expect(world.server.held == 30)
    #expect(world.server.failures.isEmpty)
    #expect(world.server.board[.limited] == 0)
  }

  @Test func `a limit of one phase is none of the next, unless it is met again`() throws {
    let capacity = 30
    let world = World()
    try world.addServer(descriptorLimit: capacity + descriptorsPerWorker + 1)
    try world.addClient([
      .open(goal: 50, rate: nil), .close(rate: nil, reset: true), .open(goal: 20, rate: nil),
      .open(goal: 40, rate: nil), .keep,
    ])
    world.check = { [unowned world] in world.expectConsistency(goal: 50) }
    let board = world.server.board
    world.play()
    world.run(for: .seconds(1))
    #expect(board.isLimited(in: 0))
    func failures(in phase: Int) -> [UInt64] {
      world.server.failures.filter { $0.phase == phase }.map(\.count)
    }
    // Whether somebody still waits when the close begins is a matter of who is first.
    world.play(phase: 1)
    world.run(for: .seconds(1))
    #expect(board.isLimited(in: 1) == !failures(in: 1).isEmpty)
    world.play(phase: 2)
    world.run(for: .seconds(1))
    #expect(!board.isLimited(in: 2))
    #expect(failures(in: 2).isEmpty)
    #expect(world.server.held == 20)
    // It is met again, and in the phase after that somebody still waits.
    for phase in 3...4 {
      world.play(phase: phase)
      world.run(for: .seconds(1))
      #expect(board.isLimited(in: phase))
      #expect(failures(in: phase) == [1])
    }
    #expect(world.server.held == capacity)
  }

  @Test func `a client's limit is that of its phase`() throws {
    let limit = 30
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: 50, rate: nil), .close(rate: nil, reset: true), .open(goal: 10, rate: nil)],
      descriptorLimit: limit)
    world.check = { [unowned world] in world.expectConsistency(goal: 50) }
    for phase in 0...2 {
      world.play(phase: phase)
      #expect(world.client.board.isLimited(in: phase) == (phase == 0))
    }
    #expect(world.client.held == 10)
  }

  @Test func `out of descriptors on the host the server tries again, and goes on`() throws {
    let world = World()
    let server = try world.addServer()
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    for offset in 0..<10 as Range<UInt16> { _ = try peer.connect(offset: offset) }
    world.network.dials.descriptors = world.network.descriptors + 4
    world.run(for: .milliseconds(50))
    #expect(server.held == 4)
    #expect(server.failures.isEmpty == false)
    #expect(server.failures.map(\.errno) == [.tooManyOpenFilesInSystem])
    world.run(for: .seconds(1))
    #expect(server.failures[0].count <= 12)
    world.network.dials.descriptors = .max
    world.run(for: .milliseconds(101))
    #expect(server.held == 10)
  }

  @Test func `out of descriptors on the host the client stops`() throws {
    let world = try world(goal: 100)
    // Two a connection, and the server's spare.
    world.network.dials.descriptors = world.network.descriptors + 40
    world.play()
    #expect(world.client.held == 20)
    #expect(world.client.failures.map(\.call) == [.socket])
    #expect(world.client.failures.map(\.errno) == [.tooManyOpenFilesInSystem])
    #expect(world.server.held == 20)
    #expect(world.server.board[.limited] == 0)
  }

  @Test func `out of watches at the client's end the connection goes and the ramp stops`() throws {
    let world = try world(.init(watches: 1 + 2 * 10), goal: 100)
    world.play()
    world.run(for: .seconds(1))
    #expect(world.client.held == 10)
    #expect(world.client.failures.map(\.call) == [.epollControl])
    #expect(world.client.failures.map(\.errno) == [.noSpace])
    #expect(world.client.failures.map(\.held) == [10])
    #expect(world.server.held == 10)
  }

  @Test func `out of watches at the server's end its connection is reset`() throws {
    let world = try world(.init(watches: 2 + 2 * 10), goal: 11)
    world.play()
    world.run(for: .seconds(1))
    #expect(world.server.held == 10)
    #expect(world.server.failures.map(\.call) == [.epollControl])
    #expect(world.server.failures.map(\.errno) == [.noSpace])
    #expect(world.server.board[.limited] == 1)
    #expect(world.client.failures.map(\.call) == [.closed])
    #expect(world.client.held == 10)
  }

  @Test func `out of memory the client stops`() throws {
    let world = try world(.init(sockets: 1 + 2 * 10), goal: 100)
    world.play()
    #expect(world.client.held == 10)
    #expect(world.client.failures.map(\.call) == [.socket])
    #expect(world.client.failures.map(\.errno) == [.noBufferSpace])
  }

  @Test func `a full server still closes what its clients close`() throws {
    let world = try world(goal: 50, serverLimit: 30 + descriptorsPerWorker + 1)
    world.play()
    world.play(phase: 1)
    world.run(for: .seconds(1))
    #expect(world.client.held == 0)
    #expect(world.server.held == 0)
    #expect(world.server.process.sockets.count == 1)
  }
}
