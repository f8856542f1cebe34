import Linux
import Probe
import SystemPackage
import Testing
import WorkerLog

@testable import Simulation

/// Every system call of the server with the errnos that matter.
@Suite struct ServerFaultTests {
  static let goal = 60

  private func world(_ fault: Fault, latency: UInt64 = 0) throws -> World {
    let world = World(.init(latency: latency))
    try world.addServer { $0.faults = [fault] }
    try world.addClient([.open(goal: Self.goal, rate: 100), .close(rate: nil, reset: true)])
    world.check = { [unowned world] in world.expectConsistency(goal: Self.goal) }
    return world
  }

  @Test(
    arguments: [
      (.open, .tooManyOpenFiles, .socket), (.open, .noMemory, .socket),
      (.reuseAddress, .noBufferSpace, .socket), (.resetOnClose, .noBufferSpace, .socket),
      (.bind, .addressInUse, .bind), (.bind, .addressNotAvailable, .bind),
      (.bind, .permissionDenied, .bind), (.listen, .addressInUse, .listen),
      (.listen, .noMemory, .listen), (.watch, .noSpace, .epollControl),
      (.watch, .noMemory, .epollControl),
    ] as [(SimulatedCall, Errno, FailedCall)])
  func `a server that cannot listen says why and leaves nobody in a queue`(
    call: SimulatedCall, errno: Errno, counted: FailedCall
  ) throws {
    let world = try world(.once(call, errno))
    let server = world.server
    #expect(server.board[.state] == WorkerState.failed.rawValue)
    #expect(server.board[.limited] == 1)
    #expect(server.process.attentionCalls == 1)
    let row = try #require(server.failures.first)
    #expect(server.failures.count == 1)
    #expect(row.call == counted)
    #expect(row.errno == errno)
    #expect(row.held == 0)
    #expect(server.process.sockets.isEmpty)
    world.play()
    #expect(world.client.failures.map(\.errno) == [.connectionRefused])
    #expect(world.client.held == 0)
  }

  @Test(
    arguments: [
      .tooManyOpenFilesInSystem, .noBufferSpace, .noMemory, .notPermitted, .networkDown,
    ] as [Errno], [1, 41])
  func `what the host is short of pauses the server, and it goes on by itself`(
    errno: Errno, nth: Int
  ) throws {
    // A lone connection takes two calls: one that takes it, one that finds nobody else.
    let world = try world(.once(.accept, errno, nth: nth))
    world.play()
    world.run(for: .seconds(1))
    let row = try #require(world.server.failures.first)
    #expect(world.server.failures.count == 1)
    #expect(row.call == .accept)
    #expect(row.errno == errno)
    #expect(row.count == 1)
    #expect(row.held == UInt64(nth / 2))
    #expect(row.position == nil)
    #expect(world.server.board[.limited] == 1)
    #expect(world.server.held == Self.goal)
    #expect(world.client.held == Self.goal)
  }

  @Test(arguments: ClientFaultTests.exhaustion)
  func `a failure when nobody else waits is no limit`(errno: Errno) throws {
    let world = try world(.once(.accept, errno, nth: 2))
    world.play()
    world.run(for: .seconds(1))
    #expect(world.server.failures.isEmpty)
    #expect(world.server.board[.limited] == 0)
    #expect(world.server.held == Self.goal)
  }

  @Test func `a shortage that stays costs one attempt every tenth of a second`() throws {
    let world = try world(.forever(.accept, .tooManyOpenFilesInSystem, from: 21))
    world.play()
    world.run(for: .seconds(10))
    let row = try #require(world.server.failures.first)
    #expect(world.server.failures.count == 1)
    #expect((95...110).contains(row.count))
    #expect(world.server.held == 10)
    #expect(world.server.process.totalCalls < 1000)
  }

  @Test(arguments: [.noSpace, .noMemory] as [Errno], [2, 30])
  func `a connection that cannot be watched is reset, and counted once`(
    errno: Errno, nth: Int
  ) throws {
    let world = try world(.once(.watch, errno, nth: nth))
    world.play()
    world.run(for: .seconds(1))
    let row = try #require(world.server.failures.first)
    #expect(row.call == .epollControl)
    #expect(row.errno == errno)
    #expect(row.count == 1)
    #expect(row.held == UInt64(nth - 2))
    #expect(world.server.held == Self.goal - 1)
    #expect(world.client.held == Self.goal - 1)
    #expect(world.client.failures.map(\.call) == [.closed])
    #expect(world.client.failures.map(\.errno) == [.connectionReset])
  }

  @Test func `a server out of watches resets one connection at a time, not its whole queue`() throws
  {
    let world = World()
    try world.addServer { $0.faults = [.forever(.watch, .noSpace, from: 11)] }
    try world.addClient([.open(goal: 60, rate: nil)])
    world.check = { [unowned world] in world.expectConsistency(goal: 60) }
    world.play()
    world.run(for: .milliseconds(50))
    #expect(world.server.held == 9)
    #expect(world.server.failures.map(\.count) == [1])
  }

  @Test func `a server that cannot even watch its listener any more says so in each phase`() throws
  {
    let world = World()
    try world.addServer { $0.faults = [.forever(.watch, .noSpace, from: 11)] }
    try world.addClient([.open(goal: 12, rate: nil), .open(goal: 20, rate: nil)])
    for phase in 0..<2 {
      world.play(phase: phase)
      world.run(for: .seconds(2))
      #expect(world.server.held == 9)
      #expect(world.client.held == 9)
    }
    let failures = world.server.failures
    #expect(failures.map(\.phase) == [0, 1])
    #expect(failures.allSatisfy { $0.call == .epollControl && $0.errno == .noSpace })
    #expect(failures.allSatisfy { $0.stopped != nil })
    #expect(failures.map(\.count) == [3, 11])
  }

  @Test func `a listener that cannot be watched costs nobody anything where nobody waits`() throws {
    let world = World()
    try world.addServer { $0.faults = [.forever(.watch, .noSpace, from: 11)] }
    try world.addClient([.open(goal: 10, rate: nil), .close(rate: nil, reset: true)])
    world.play()
    world.run(for: .seconds(2))
    world.order(.begin, phase: 1)
    world.run(for: .seconds(2))
    #expect(world.server.failures.map(\.phase) == [0])
    #expect(world.server.failures.map(\.count) == [1])
  }

  /// A server whose one connection has ended, since a call failed while it was served.
  private func serve(failing call: SimulatedCall, with errno: Errno) throws -> ServerPlayer {
    let world = World()
    let server = try world.addServer(readiness: .rearm) { $0.faults = [.once(call, errno)] }
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    #expect(server.held == 1)
    _ = peer.send(socket, [1, 2, 3])
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
    #expect(server.board[.closedByPeer] == 1)
    return server
  }

  @Test(
    arguments: [
      (.receive, .connectionReset), (.send, .brokenPipe), (.send, .connectionReset),
    ] as [(SimulatedCall, Errno)])
  func `a peer that resets between the event and the call has closed, and nothing failed`(
    call: SimulatedCall, errno: Errno
  ) throws {
    #expect(try serve(failing: call, with: errno).failures.isEmpty)
  }

  @Test(
    arguments: [
      (.receive, .timedOut, .read), (.send, .noBufferSpace, .write),
      (.rewatch, .noMemory, .epollControl),
    ] as [(SimulatedCall, Errno, FailedCall)])
  func `a connection that breaks while it is served is ended and counted`(
    call: SimulatedCall, errno: Errno, counted: FailedCall
  ) throws {
    let server = try serve(failing: call, with: errno)
    let row = try #require(server.failures.first)
    #expect(server.failures.count == 1)
    #expect(row.call == counted)
    #expect(row.errno == errno)
    #expect(row.count == 1)
    #expect(row.held == 1)
  }

  @Test(arguments: [1, 2, .max])
  func `what has come before a reset is received, however short the reads`(limit: Int) throws {
    let world = World()
    let server = try world.addServer(
      reply: .discard, receivedPipe: FileDescriptor(rawValue: 100)
    ) { $0.receiveLimit = limit }
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    _ = peer.send(socket, [1, 2, 3])
    try peer.close(socket, reset: true)
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
    #expect(server.board[.bytesReceived] == 3)
    #expect(ReceivedFrame.take(from: &server.process.told).flatMap(\.bytes) == [1, 2, 3])
    #expect(server.board[.closedByPeer] == 1)
    #expect(server.failures.isEmpty)
  }

  @Test func `what has come is received where the answer to its beginning finds a reset`() throws {
    let world = World()
    let server = try world.addServer {
      $0.faults = [.once(.send, .connectionReset)]
      $0.receiveLimit = 2
    }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    _ = peer.send(socket, [1, 2, 3])
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
    #expect(server.board[.bytesReceived] == 3)
    #expect(server.failures.isEmpty)
    world.expectConsistency()
  }

  @Test(arguments: [.timedOut, .noRouteToHost] as [Errno])
  func `a path that breaks is a failure, whether an event tells it or a call`(errno: Errno) throws {
    let world = World()
    let server = try world.addServer()
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    _ = peer.send(socket, [1])
    let connection = try #require(server.process.sockets.first { $0.state == .established })
    connection.fail(errno)
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
    #expect(server.board[.bytesReceived] == 1)
    #expect(server.failures.map(\.call) == [.read])
    #expect(server.failures.map(\.errno) == [errno])
    world.expectConsistency()
  }

  @Test func `a server that can hear nothing any more says why and ends`() throws {
    let world = try world(.forever(.wait, .notPermitted, from: 40))
    world.order(.begin)
    world.run(for: .seconds(10))
    let server = world.server
    #expect(server.hasQuit)
    #expect(server.process.count(of: .wait) == 40)
    #expect(server.board[.state] == WorkerState.failed.rawValue)
    #expect(server.failures.map(\.call) == [.epollWait])
    #expect(server.failures.map(\.errno) == [.notPermitted])
    // That it listens, and that it has ended.
    #expect(server.process.attentionCalls == 2)
  }

  @Test func `an end without its option still ends`() throws {
    let world = World()
    let server = try world.addServer { $0.faults = [.forever(.resetOnClose, .noMemory, from: 2)] }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    try peer.close(socket, reset: false)
    world.run(for: .milliseconds(1))
    #expect(server.held == 0)
    #expect(server.failures.isEmpty)
    world.expectConsistency()
  }
}
