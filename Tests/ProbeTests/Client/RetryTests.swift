import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Handshakes that time out are tried again.
@Suite struct RetryTests {
  private func world(
    _ tasks: [ClientTask], goal: Int, retries: Int, timeout: Duration = .seconds(2)
  ) throws -> World {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addServer()
    try world.addClient(tasks, timeout: timeout, retries: retries)
    world.check = { [unowned world] in world.expectConsistency(goal: goal) }
    return world
  }

  @Test(arguments: [1, 2, 3])
  func `a handshake that is lost now and then is no lost connection`(lost: Int) throws {
    let goal = 40
    let world = try world([.open(goal: goal, rate: 1000)], goal: goal, retries: 3)
    world.order(.begin)
    world.run(for: Duration.seconds(2) * lost - .milliseconds(100))
    world.network.dials.silentEndpoints = []
    #expect(world.run(for: .seconds(30)) { world.hasSettled(0) })
    let board = world.client.board
    #expect(world.client.held == goal)
    #expect(world.client.failures.map(\.call) == [.connectTimeout])
    #expect(world.client.failures.map(\.count) == [UInt64(goal * lost)])
    #expect(world.client.failures.map(\.retried) == [UInt64(goal * lost)])
    #expect(board[.opened] == UInt64(goal))
    #expect(board[.retried] == UInt64(goal * lost))
    #expect(!board.isLimited(in: 0))
    // From the instant that the schedule wanted the connection; and from the last call alone.
    #expect(board.population(of: .connect) == goal)
    #expect(abs(board.largest(.connect) - Double(lost) * 2e9) < 3e7)
    #expect(board.largest(.connectUncorrected) < 1e7)
    // The drift is that of the schedule: nothing was begun late.
    #expect(board.population(of: .drift) == goal)
    #expect(board.largest(.drift) < 1e7)
  }

  @Test func `each try comes from another port, and frees the one before`() throws {
    let world = try world([.open(goal: 1, rate: nil)], goal: 1, retries: 3)
    world.play()
    #expect(world.client.process.count(of: .connect) == 4)
    #expect(world.client.process.sockets.isEmpty)
    #expect(world.client.failures.map(\.count) == [4])
    #expect(world.client.failures.map(\.retried) == [3])
    #expect(world.client.failures.map(\.position) == [0])
    world.network.dials.silentEndpoints = []
  }

  @Test func `only when retries are used up does a timeout wear out patience`() throws {
    let world = try world(
      [.open(goal: 10_000, rate: 100)], goal: 10_000, retries: 3, timeout: .seconds(1))
    world.play()
    let board = world.client.board
    #expect(board.isLimited(in: 0))
    // Four seconds of tries for the first hundred, which began within one.
    #expect((490...520).contains(board[.opened]))
    #expect(world.client.connecting == 0)
    #expect(board[.retried] + board[.opened] == world.client.failures[0].count)
  }

  @Test(
    arguments: [
      .connectionRefused, .connectionReset, .noRouteToHost, .networkUnreachable,
    ] as [Errno])
  func `an answer is an answer, and not asked for again`(errno: Errno) throws {
    let world = World(.init(latency: 1_000_000, refusals: [.first: errno]))
    try world.addServer()
    try world.addClient([.open(goal: 20, rate: nil)], retries: 3)
    world.play()
    #expect(world.client.board[.retried] == 0)
    #expect(world.client.failures.map(\.count) == [20])
  }

  @Test func `the kernel's own timeout is one`() throws {
    let world = try world([.open(goal: 5, rate: nil)], goal: 5, retries: 1, timeout: .seconds(3600))
    world.order(.begin)
    // The last SYN of the first try went out at 63 s, and its time is over at 127 s.
    world.run(for: .seconds(100))
    world.network.dials.silentEndpoints = []
    #expect(world.run(for: .seconds(300)) { world.hasSettled(0) })
    #expect(world.client.held == 5)
    #expect(world.client.failures.map(\.call) == [.connect])
    #expect(world.client.failures.map(\.errno) == [.timedOut])
    #expect(world.client.board[.retried] == 5)
  }

  @Test func `an order to settle ends the tries`() throws {
    let world = try world([.open(goal: 50, rate: nil)], goal: 50, retries: 100)
    world.order(.begin)
    world.run(for: .seconds(5))
    #expect(world.client.board[.retried] == 100)
    world.order(.settle)
    #expect(world.run(for: .seconds(3)) { world.hasSettled(0) })
    #expect(world.client.board[.retried] == 100)
    #expect(world.client.connecting == 0)
  }

  @Test func `a churn's connection lives as long as planned from when it is there`() throws {
    let world = try world(
      [.churn(rate: 10, lifetime: 3_000_000_000, span: 1_000_000_000, reset: true)], goal: 10,
      retries: 3)
    world.order(.begin)
    let start = world.network.now
    world.run(for: .milliseconds(1950))
    world.network.dials.silentEndpoints = []
    world.client.process.loggedCall = .close
    #expect(world.run(for: .seconds(30)) { world.hasSettled(0) })
    let board = world.client.board
    #expect(board[.churned] == 10)
    #expect(board[.opened] == 10)
    #expect(board[.retried] == 10)
    // Begun each tenth of a second, established two seconds later, closed three after that.
    let ends = world.client.process.loggedInstants.map { $0 - start }.filter { $0 > 4_500_000_000 }
    #expect(ends.map { $0 / 10_000_000 } == (0..<10).map { 500 + $0 * 10 })
  }

  @Test func `tuples run out for a try as for a connection`() throws {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addServer()
    try world.addClient(
      [.open(goal: 4, rate: nil)], ports: 3000...3003, timeout: .seconds(1), retries: 3)
    world.check = { [unowned world] in world.expectConsistency(goal: 4) }
    world.play()
    #expect(world.client.connecting == 0)
    #expect(world.client.failures.map(\.call) == [.connectTimeout])
    #expect(world.client.failures.map(\.count) == [16])
  }
}
