import Linux
import Probe
import SystemPackage
import Testing
import WorkerLog

@testable import Simulation

/// Every system call of the client with every errno that means something else, at several places
/// of a ramp in which each connection is established before the next one is begun.
@Suite struct ClientFaultTests {
  static let goal = 200

  struct Case: Sendable, CustomTestStringConvertible {
    var call: SimulatedCall
    var errno: Errno
    var counted: FailedCall
    var testDescription: String { "\(call) \(errno)" }
  }

  static let exhaustion: [Errno] = [
    .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .noBufferSpace,
  ]
  static let preparing: [(SimulatedCall, FailedCall)] = [
    (.open, .socket), (.reuseAddress, .socket), (.resetOnClose, .socket), (.bind, .bind),
    (.connect, .connect), (.watch, .epollControl),
  ]
  static let exhausting = preparing.flatMap { call, counted in
    exhaustion.map { Case(call: call, errno: $0, counted: counted) }
  }
  static let passing =
    [
      Case(call: .open, errno: .permissionDenied, counted: .socket),
      Case(call: .open, errno: .addressFamilyNotSupported, counted: .socket),
      Case(call: .reuseAddress, errno: .invalidArgument, counted: .socket),
      Case(call: .resetOnClose, errno: .invalidArgument, counted: .socket),
      Case(call: .watch, errno: .notPermitted, counted: .epollControl),
    ]
    + ([.addressNotAvailable, .permissionDenied, .invalidArgument] as [Errno])
    .map { Case(call: .bind, errno: $0, counted: .bind) }
    + ([
      .connectionRefused, .timedOut, .networkUnreachable, .noRouteToHost, .notPermitted,
      .permissionDenied, .addressInUse,
    ] as [Errno]).map { Case(call: .connect, errno: $0, counted: .connect) }

  private func world(
    _ fault: Fault, latency: UInt64 = 0, tasks: [ClientTask] = [.open(goal: goal, rate: 1000)]
  ) throws -> World {
    let world = World(.init(latency: latency))
    try world.addServer()
    try world.addClient(tasks) { $0.faults = [fault] }
    world.check = { [unowned world] in world.expectConsistency(goal: Self.goal) }
    return world
  }

  @Test(arguments: exhausting, [1, 2, 17, 200])
  func `at the end of a resource the client files one failure and settles`(
    fault: Case, nth: Int
  ) throws {
    let world = try world(.forever(fault.call, fault.errno, from: nth))
    world.play()
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.call == fault.counted)
    #expect(row.errno == fault.errno)
    #expect(row.phase == 0)
    #expect(row.count == 1)
    #expect(row.held == UInt64(nth - 1))
    #expect(row.position == UInt32(nth - 1))
    #expect(row.first.nanoseconds == 1_000_000_000 + UInt64(nth - 1) * 1_000_000)
    #expect(world.client.held == nth - 1)
    #expect(world.client.board[.limited] == 1)
    #expect(world.client.process.attentionCalls == 2)
    // The spare is given back, so that somebody can still report the limit.
    #expect(world.client.process.openDescriptors == descriptorsPerWorker - 1 + nth - 1)
    #expect(world.client.process.totalCalls < 60 + 12 * nth)
  }

  @Test(arguments: passing, [1, 2, 17, 200])
  func `one failure that may pass costs one connection`(fault: Case, nth: Int) throws {
    let world = try world(.once(fault.call, fault.errno, nth: nth))
    world.play()
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.call == fault.counted)
    #expect(row.errno == fault.errno)
    #expect(row.count == 1)
    #expect(row.held == UInt64(nth - 1))
    #expect(row.position == UInt32(nth - 1))
    #expect(world.client.held == Self.goal - 1)
    #expect(world.client.board[.limited] == 0)
  }

  @Test(arguments: passing, [1, 50])
  func `a failure that does not pass ends the ramp when patience does`(
    fault: Case, nth: Int
  ) throws {
    let world = try world(.forever(fault.call, fault.errno, from: nth))
    world.play()
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.count == 100)
    #expect(row.position == UInt32(nth - 1))
    #expect(world.client.held == nth - 1)
    #expect(world.client.board[.limited] == 1)
    #expect(world.client.process.totalCalls < 3000)
  }

  @Test(arguments: [.bind, .connect] as [SimulatedCall])
  func `a port that is taken is skipped and counted, and is no failure`(
    call: SimulatedCall
  ) throws {
    let errno: Errno = call == .bind ? .addressInUse : .addressNotAvailable
    let world = try world(Fault(call: call, errno: errno, nth: 5, count: 3))
    world.play()
    #expect(world.client.held == Self.goal)
    #expect(world.client.failures.isEmpty)
    #expect(world.client.board[.portsSkipped] == 3)
    #expect(world.client.board[.limited] == 0)
  }

  @Test(
    arguments: [
      .connectionReset, .timedOut, .brokenPipe, .noRouteToHost, .connectionAbort,
    ] as [Errno], [1, 3])
  func `a connection that breaks is lost to its peer`(errno: Errno, nth: Int) throws {
    let world = try world(.once(.receive, errno, nth: nth))
    world.play()
    // The built-in server says nothing of its own accord.
    for socket in world.server.process.sockets.dropFirst().prefix(5) {
      _ = socket.send([1])
    }
    world.run(for: .milliseconds(10))
    let row = try #require(world.client.failures.first)
    #expect(row.call == .closed)
    #expect(row.errno == errno)
    #expect(row.count == 1)
    #expect(row.held == UInt64(Self.goal))
    #expect(row.position != nil)
    #expect(world.client.board[.closedByPeer] == 1)
    #expect(world.client.held == Self.goal - 1)
  }

  @Test(
    arguments: [
      .connectionRefused, .timedOut, .noRouteToHost, .networkUnreachable, .connectionReset,
      .noMemory,
    ] as [Errno], [0, 1_000_000] as [UInt64])
  func `a handshake that fails is filed under connect`(errno: Errno, latency: UInt64) throws {
    let world = World(.init(latency: latency, refusals: [.second: errno]))
    try world.addServer()
    try world.addClient([.open(goal: 40, rate: 1000)], endpoints: [.first, .second])
    world.check = { [unowned world] in world.expectConsistency(goal: 40) }
    world.play()
    let row = try #require(world.client.failures.first)
    #expect(world.client.failures.count == 1)
    #expect(row.call == .connect)
    #expect(row.errno == errno)
    #expect(row.position == 1)
    let isLimit = errno == .noMemory
    #expect(world.client.held == (isLimit ? latency == 0 ? 1 : 2 : 20))
    #expect(row.count == (isLimit ? 1 : 20))
  }

  @Test func `a client that can hear nothing any more says why and ends`() throws {
    let world = try world(.forever(.wait, .badFileDescriptor, from: 20))
    world.order(.begin)
    world.run(for: .seconds(10))
    let client = world.client
    #expect(client.hasQuit)
    #expect(client.process.count(of: .wait) == 20)
    #expect(client.board[.state] == WorkerState.failed.rawValue)
    #expect(client.failures.map(\.call) == [.epollWait])
    #expect(client.failures.map(\.errno) == [.badFileDescriptor])
  }

  @Test(arguments: [true, false])
  func `an option that cannot be taken back does not stop the close`(reset: Bool) throws {
    let world = try world(
      .forever(.resetOnClose, .noBufferSpace, from: Self.goal + 1),
      tasks: [.open(goal: Self.goal, rate: nil), .close(rate: nil, reset: reset)])
    world.play()
    #expect(world.client.held == Self.goal)
    world.play(phase: 1)
    #expect(world.client.held == 0)
    #expect(world.client.failures.isEmpty)
  }

  @Test func `a client without a spare descriptor says so at once`() {
    let world = World()
    let failure = #expect(throws: WorkerSetupFailure.self) {
      try world.addClient([.keep], descriptorLimit: descriptorsPerWorker - 1)
    }
    #expect(failure?.call == .eventCounter)
    #expect(failure?.errno == .tooManyOpenFiles)
  }
}
