import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// A client that cuts a part of its connections, and opens others in their place.
@Suite struct StormTests {
  private static func storm(
    _ backoff: ClosedRange<Duration> = .seconds(1) ... .seconds(4), isJittered: Bool = false,
    reset: Bool = true
  ) -> ClientTask {
    .storm(
      backoff: Backoff(
        first: backoff.lowerBound.nanoseconds, last: backoff.upperBound.nanoseconds,
        isJittered: isJittered), reset: reset)
  }

  private func world(
    _ connections: Int, _ task: ClientTask, then more: [ClientTask] = [], seed: UInt64 = 0,
    timeout: Duration = .seconds(10), ports: ClosedRange<UInt16> = 1024...65535
  ) throws -> World {
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: connections, rate: nil), task] + more, ports: ports, timeout: timeout,
      messages: Messages(seed: seed))
    world.check = { [unowned world] in world.expectConsistency(goal: connections) }
    world.play()
    return world
  }

  private func count(_ counter: Counter, _ world: World) -> Int {
    Int(world.client.board[counter])
  }

  @Test(arguments: [1, 150, 299, 300], [true, false])
  func `exactly as many are cut as are ordered, and all come back`(cut: Int, reset: Bool) throws {
    let world = try world(300, Self.storm(reset: reset))
    let start = world.network.now
    world.order(.begin, phase: 1, goal: cut)
    world.run(for: .milliseconds(900))
    #expect(count(.dropped, world) == cut)
    #expect(count(.held, world) == 300 - cut)
    #expect(count(.returning, world) == cut)
    #expect(world.server.held == 300 - cut)
    #expect(world.network.bindings.timeWaits.count == (reset ? 0 : cut))
    #expect(world.run(for: .seconds(2)) { world.hasSettled(1) })
    // After the backoff, at the next tick of the wheel.
    #expect((1_000_000_000...1_020_000_000).contains(world.network.now - start))
    #expect(count(.held, world) == 300)
    #expect(count(.reconnected, world) == cut)
    #expect(count(.opened, world) == 300 + cut)
    #expect(count(.returning, world) == 0)
    #expect(count(.failures, world) == 0)
    #expect(count(.closedByPeer, world) == 0)
  }

  @Test func `which are cut, and when each comes back, is the seed's to say`() throws {
    func instants(seed: UInt64) throws -> [Int] {
      let world = try world(200, Self.storm(isJittered: true), seed: seed)
      world.order(.begin, phase: 1, goal: 200)
      return (0..<11).map { _ in
        world.run(for: .milliseconds(100))
        return count(.held, world)
      }
    }
    let (first, again, other) = (
      try instants(seed: 1), try instants(seed: 1), try instants(seed: 2)
    )
    #expect(first == again)
    #expect(first != other)
    // Uniform between none and the backoff of a second.
    #expect((70...130).contains(first[4]), "\(first)")
    #expect(first[8] < 200)
    #expect(first[10] == 200)
  }

  @Test func `each failure in a row doubles the backoff, up to its end`() throws {
    let world = try world(1, Self.storm())
    world.network.dials.refusals = [.first: .connectionRefused]
    world.order(.begin, phase: 1, goal: 1)
    var attempts: [UInt64] = []
    let start = world.network.now
    world.run(for: .seconds(20)) {
      if count(.failures, world) > attempts.count { attempts.append(world.network.now - start) }
      return attempts.count == 5
    }
    // The first attempt is made after a second. Each failure is seen when time has gone on to the next attempt.
    let expected: [UInt64] = [3, 7, 11, 15, 19]
    for (attempt, seconds) in zip(attempts, expected) {
      #expect((seconds * 1_000_000_000...seconds * 1_000_000_000 + 20_000_000).contains(attempt))
    }
    #expect(attempts.count == 5)
    #expect(count(.returning, world) == 1)
    // None of these has cost the connection yet.
    #expect(world.client.failures.map(\.retried) == [5])
    world.network.dials.refusals = [:]
    #expect(world.run(for: .seconds(5)) { world.hasSettled(1) })
    #expect(count(.held, world) == 1)
  }

  @Test func `no limit of failures in a row ends a storm, and the last failure counts for good`()
    throws
  {
    let world = try world(
      300, Self.storm(.milliseconds(100) ... .milliseconds(200), isJittered: true))
    world.network.dials.refusals = [.first: .connectionRefused]
    world.order(.begin, phase: 1, goal: 300)
    world.run(for: .seconds(3))
    #expect(count(.failures, world) > 1000)
    #expect(count(.limited, world) == 0)
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    let row = try #require(world.client.failures.first)
    #expect(row.errno == .connectionRefused)
    #expect(row.count - row.retried == 300)
    #expect(count(.returning, world) == 0)
    #expect(count(.leftWaiting, world) == 0)
  }

  @Test func `what was not tried when the storm is over is counted by what it waited for`() throws {
    let world = try world(100, Self.storm())
    world.order(.begin, phase: 1, goal: 60)
    world.run(for: .milliseconds(500))
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    #expect(count(.leftWaiting, world) == 60)
    #expect(count(.leftDue, world) == 0)
    world.run(for: .seconds(5))
    #expect(count(.held, world) == 40)
  }

  @Test func `what the server closes in a storm comes back, too`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient([.open(goal: 3, rate: nil), Self.storm()])
    world.check = { [unowned world] in world.expectConsistency(goal: 3) }
    world.play()
    var sockets: [FileDescriptor] = []
    while let socket = try peer.accept() { sockets.append(socket) }
    world.order(.begin, phase: 1, goal: 1)
    world.run(for: .milliseconds(10))
    #expect(count(.held, world) == 2)
    for socket in sockets { try peer.close(socket, reset: true) }
    world.run(for: .milliseconds(10))
    #expect(count(.held, world) == 0)
    #expect(count(.closedByPeer, world) == 2)
    #expect(world.run(for: .seconds(2)) { world.hasSettled(1) })
    #expect(count(.held, world) == 3)
    #expect(count(.reconnected, world) == 3)
  }

  /// A client with one connection that its peer has cut, to come back after 1, 2 and 4 seconds.
  private func cutOnce() throws -> (World, ScriptedPeer) {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient([.open(goal: 1, rate: nil), Self.storm()])
    world.play()
    _ = try peer.accept()
    world.order(.begin, phase: 1, goal: 1)
    world.run(for: .milliseconds(10))
    #expect(count(.held, world) == 0)
    return (world, peer)
  }

  @Test func `what comes back and is lost again waits for longer each time`() throws {
    let (world, peer) = try cutOnce()
    for wait in [1, 2, 4, 4] {
      world.run(for: .seconds(wait) - .milliseconds(50))
      #expect(count(.held, world) == 0)
      world.run(for: .milliseconds(50))
      #expect(count(.held, world) == 1)
      try peer.close(#require(try peer.accept()), reset: false)
      world.run(for: .milliseconds(1))
    }
    #expect(count(.closedByPeer, world) == 4)
  }

  /// The coordinator takes a storm for over once nothing is counted any more, and may look at any time.
  @Test func `what is cut, begun, lost or refused is counted at every instant`() throws {
    let world = World(.init(latency: 1_000_000))
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    let client = try world.addClient([.open(goal: 1, rate: nil), Self.storm()])
    world.play()
    world.run(for: .milliseconds(10))
    _ = try #require(try peer.accept())
    var uncounted: [SimulatedCall] = []
    client.process.beforeCall = { [board = client.board] call in
      if board[.held] + board[.connecting] + board[.returning] == 0 { uncounted.append(call) }
    }
    world.order(.begin, phase: 1, goal: 1)
    #expect(world.run(for: .seconds(2)) { world.hasSettled(1) })
    #expect(uncounted.isEmpty, "cut and begun: \(uncounted)")
    uncounted = []
    world.run(for: .milliseconds(10))
    try peer.close(#require(try peer.accept()), reset: false)
    world.run(for: .milliseconds(10))
    #expect(count(.closedByPeer, world) == 1)
    #expect(uncounted.isEmpty, "lost: \(uncounted)")
    uncounted = []
    world.network.dials.refusals = [.first: .connectionRefused]
    world.run(for: .seconds(3))
    #expect(count(.failures, world) == 2)
    world.network.dials.refusals = [:]
    world.run(for: .seconds(5))
    #expect(count(.reconnected, world) == 2)
    #expect(uncounted.isEmpty, "refused and begun: \(uncounted)")
  }

  @Test func `what is lost once a storm is over has failed for good`() throws {
    let (world, peer) = try cutOnce()
    world.run(for: .seconds(2))
    let socket = try #require(try peer.accept())
    world.order(.settle, phase: 1)
    world.run(for: .milliseconds(10))
    #expect(world.hasSettled(1))
    try peer.close(socket, reset: false)
    world.run(for: .milliseconds(10))
    let row = try #require(world.client.board.failures.rows().first)
    #expect(row.call == .closed && row.count == 1)
    #expect(row.retried == 0)
  }

  @Test func `a handshake that times out is an unsuccessful attempt`() throws {
    let world = try world(10, Self.storm(), timeout: .milliseconds(300))
    world.network.dials.silentEndpoints = [.first]
    world.order(.begin, phase: 1, goal: 10)
    world.run(for: .milliseconds(1500))
    #expect(world.client.failures.map(\.call) == [.connectTimeout])
    #expect(count(.returning, world) == 10)
    #expect(count(.retried, world) == 0)
    world.network.dials.silentEndpoints = []
    #expect(world.run(for: .seconds(3)) { world.hasSettled(1) })
    #expect(count(.held, world) == 10)
  }

  @Test func `a second storm cuts what the first has brought back`() throws {
    let world = try world(50, Self.storm(), then: [Self.storm(isJittered: true)])
    for phase in 1...2 {
      world.order(.begin, phase: phase, goal: 50)
      #expect(world.run(for: .seconds(10)) { world.hasSettled(phase) })
      #expect(count(.held, world) == 50)
      #expect(count(.dropped, world) == 50 * phase)
    }
  }

  @Test func `ports in TIME_WAIT are waited for`() throws {
    // As many ports as connections: a cut with FIN leaves none until its TIME_WAIT is over.
    let world = try world(20, Self.storm(reset: false), ports: 2000...2019)
    world.order(.begin, phase: 1, goal: 20)
    world.run(for: .seconds(30))
    #expect(count(.held, world) == 0)
    #expect(count(.failures, world) > 20)
    #expect(world.run(for: .seconds(60)) { world.hasSettled(1) })
    #expect(count(.held, world) == 20)
  }
}
