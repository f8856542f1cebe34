import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

@Suite struct ChurnTests {
  private static func churn(
    rate: Double = 100, lifetime: Duration = .seconds(1), span: Duration = .seconds(5),
    reset: Bool = true
  ) -> ClientTask {
    .churn(
      rate: rate, lifetime: lifetime.nanoseconds, span: span.nanoseconds, reset: reset)
  }

  private func world(
    base: Int = 20, _ churn: ClientTask, then more: [ClientTask] = [],
    dials: SimulatedNetwork.Dials = .init(), workers: Int = 1, messages: Messages = .none,
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> World {
    let world = World(dials)
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(
        [.open(goal: base, rate: nil), churn] + more,
        share: WorkerShare(index: index, count: workers), messages: messages, prepare: prepare)
    }
    world.check = { [unowned world] in world.expectConsistency() }
    world.play()
    return world
  }

  private func total(_ counter: Counter, _ world: World) -> Int {
    world.clients.reduce(0) { $0 + Int($1.board[counter]) }
  }

  @Test(arguments: [1, 3], [true, false])
  func `as many live at once as come in a lifetime`(workers: Int, reset: Bool) throws {
    let world = try world(Self.churn(reset: reset), workers: workers)
    let start = world.network.now
    world.order(.begin, phase: 1)
    world.run(for: .milliseconds(500))
    #expect(total(.held, world) == 20 + 51)
    #expect(total(.churned, world) == 0)
    for _ in 0..<8 {
      world.run(for: .milliseconds(500))
      #expect((120...121).contains(total(.held, world)))
    }
    #expect(world.run(for: .seconds(5)) { world.hasSettled(1) })
    // The last one came just before the end of the span.
    #expect(world.network.now - start == 5_990_000_000)
    #expect(total(.held, world) == 20)
    #expect(total(.churned, world) == 500)
    #expect(total(.opened, world) == 520)
    #expect(total(.failures, world) == 0)
    world.run(for: .milliseconds(1))
    #expect(world.server.held == 20)
    #expect(world.network.bindings.timeWaits.count == (reset ? 0 : 500))
  }

  @Test(arguments: [true, false])
  func `an arrival that was begun late counts as late only where it lived`(isRefused: Bool) throws {
    let world = try world(base: 0, Self.churn())
    world.order(.begin, phase: 1)
    world.run(for: .seconds(1))
    world.client.process.isStopped = true
    world.network.advance(to: world.network.now + 2_500_000_000)
    if isRefused { world.network.dials.refusals = [.first: .connectionRefused] }
    world.client.process.isStopped = false
    world.run(for: .milliseconds(20))
    world.network.dials.refusals = [:]
    #expect(world.run(for: .seconds(10)) { world.hasSettled(1) })
    let late = total(.lateArrivals, world)
    let failed = total(.failures, world)
    // A hundred refusals in a row end the phase.
    #expect(failed == (isRefused ? 100 : 0))
    #expect(isRefused ? late == 0 : (149...151).contains(late))
  }

  @Test func `a lifetime begins with the handshake's end`() throws {
    let world = try world(
      base: 0, Self.churn(rate: 1, lifetime: .seconds(1), span: .seconds(1)),
      dials: .init(latency: 100_000_000))
    let start = world.network.now
    world.order(.begin, phase: 1)
    #expect(world.run(for: .seconds(5)) { world.hasSettled(1) })
    #expect(world.network.now - start == 1_200_000_000)
  }

  @Test func `to settle ends all lives at once, and no base connection's`() throws {
    let world = try world(Self.churn(lifetime: .seconds(100), span: .seconds(50)))
    world.order(.begin, phase: 1)
    world.run(for: .milliseconds(2_995))
    #expect(world.client.held == 320)
    world.order(.settle, phase: 1)
    #expect(world.run(for: .milliseconds(1)) { world.hasSettled(1) })
    #expect(world.client.held == 20)
    #expect(world.client.board[.churned] == 300)
    #expect(world.client.board[.cutShort] == 300)
    world.run(for: .seconds(200))
    #expect(world.client.board[.opened] == 320)
    #expect(world.client.held == 20)
  }

  @Test func `one that is cut short is not late besides`() throws {
    let world = try world(base: 0, Self.churn(lifetime: .seconds(100), span: .seconds(50)))
    world.order(.begin, phase: 1)
    world.client.process.isStopped = true
    world.network.advance(to: world.network.now + 3_000_000_000)
    world.client.process.isStopped = false
    world.run(for: .milliseconds(20))
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    let churned = world.client.board[.churned]
    #expect(churned >= 300)
    #expect(world.client.board[.cutShort] == churned)
    #expect(world.client.board[.lateArrivals] == 0)
  }

  @Test func `handshakes that are under way when it settles end as the others do`() throws {
    let world = try world(Self.churn(), dials: .init(latency: 200_000_000))
    world.order(.begin, phase: 1)
    world.run(for: .milliseconds(995))
    #expect(world.client.connecting > 30)
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    #expect(world.client.held == 20)
    #expect(world.client.board[.churned] == world.client.board[.opened] - 20)
  }

  @Test func `a phase that begins over a churn ends it`() throws {
    let world = try world(Self.churn(lifetime: .seconds(100)), then: [.keep])
    world.order(.begin, phase: 1)
    world.run(for: .seconds(1))
    world.play(phase: 2, within: .milliseconds(1))
    #expect(world.client.held == 20)
  }

  @Test func `a ramp that begins over a churn counts only those that stay`() throws {
    let world = try world(
      Self.churn(lifetime: .seconds(100)), then: [.open(goal: 40, rate: 1000)],
      dials: .init(latency: 100_000_000))
    world.order(.begin, phase: 1)
    world.run(for: .seconds(1))
    #expect(world.client.held > 90)
    #expect(world.client.connecting > 10)
    world.play(phase: 2)
    #expect(world.client.held == 40)
    #expect(world.client.connecting == 0)
  }

  @Test func `connections that the peer closes are lost, not churned`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient([Self.churn(lifetime: .seconds(2), span: .seconds(10))])
    world.check = { [unowned world] in world.expectConsistency() }
    world.order(.begin)
    // The peer throws out whoever comes.
    for _ in 0..<1500 where !world.hasSettled(0) {
      world.run(for: .milliseconds(10))
      while let socket = try peer.accept() { try peer.close(socket, reset: true) }
    }
    #expect(world.hasSettled(0))
    #expect(world.client.board[.opened] == 1000)
    #expect(world.client.board[.closedByPeer] == 1000)
    #expect(world.client.board[.churned] == 0)
    #expect(world.client.failures.map(\.count) == [1000])
  }

  @Test func `a limit ends the growth of a churn as it does that of a ramp`() throws {
    let world = try world(Self.churn(lifetime: .seconds(100))) { $0.descriptorLimit = 107 }
    world.order(.begin, phase: 1)
    world.run(for: .seconds(10))
    #expect(world.client.held == 100)
    #expect(world.client.board.isLimited(in: 1))
    #expect(world.client.failures.map(\.errno) == [.tooManyOpenFiles])
    // The lives go on to their end.
    #expect(!world.hasSettled(1))
    #expect(world.run(for: .seconds(100)) { world.hasSettled(1) })
    #expect(world.client.held == 20)
    #expect(world.client.board[.churned] == 80)
  }

  @Test func `handshakes that never end hold up neither the churn nor the table`() throws {
    let world = World(.init(silentEndpoints: [.first]))
    try world.addClient(
      [Self.churn(rate: 10, lifetime: .seconds(1), span: .seconds(60))], timeout: .seconds(3))
    world.check = { [unowned world] in world.expectConsistency(goal: 41) }
    world.order(.begin)
    #expect(world.run(for: .seconds(100)) { world.hasSettled(0) })
    #expect(world.client.board[.held] == 0)
    #expect(world.client.failures.allSatisfy { $0.call == .connectTimeout })
  }

  @Test func `a churn whose connections do not go waits for rows to become free`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient(
      [Self.churn(rate: 10, lifetime: .seconds(1), span: .seconds(10))], timeout: .seconds(1),
      messages: Messages(
        patterns: [.test(every: .milliseconds(100), timeout: .seconds(30))],
        patternsOfPhase: [[0]]))
    // Ten a second for two seconds, and one.
    world.check = { [unowned world] in world.expectConsistency(goal: 21) }
    world.order(.begin)
    world.run(for: .seconds(20))
    #expect(world.client.held == 21)
    #expect(world.run(for: .seconds(600)) { world.hasSettled(0) })
    #expect(world.client.board[.opened] == 100)
    #expect(world.client.board[.churned] == 100)
    #expect(world.client.board.largest(.drift) > 20e9)
  }

  @Test func `a churn that has to catch up opens no more than it can keep account of`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient(
      [Self.churn(rate: 10, lifetime: .seconds(1), span: .seconds(10))], timeout: .seconds(1))
    world.check = { [unowned world] in world.expectConsistency(goal: 21) }
    world.order(.begin)
    world.round()
    world.network.advance(to: world.network.now + 5_000_000_000)
    // The first one stays for its lifetime; the peer throws out all that come after it.
    var accepted = 0
    for _ in 0..<2_000 where !world.hasSettled(0) {
      world.run(for: .milliseconds(10))
      while let socket = try peer.accept() {
        accepted += 1
        if accepted > 1 { try peer.close(socket, reset: true) }
      }
    }
    #expect(world.hasSettled(0))
    #expect(accepted == 100)
    #expect(world.client.board[.churned] == 1)
    #expect(world.client.board[.closedByPeer] == 99)
  }

  @Test func `a second churn follows the first`() throws {
    let world = try world(
      Self.churn(),
      then: [Self.churn(rate: 50, lifetime: .milliseconds(100)), .open(goal: 40, rate: nil)])
    world.play(phase: 1)
    world.play(phase: 2)
    #expect(world.client.board[.churned] == 750)
    world.play(phase: 3)
    #expect(world.client.held == 40)
    world.run(for: .seconds(10))
    #expect(world.client.held == 40)
  }

  @Test func `messages are played on those that come and go, and none is cut off`() throws {
    let world = try world(
      Self.churn(lifetime: .milliseconds(700)), dials: .init(latency: 30_000_000),
      messages: Messages(
        patterns: [.test(every: .milliseconds(100)), .test(rate: 500)],
        patternsOfPhase: [[], [0, 1]]))
    world.order(.begin, phase: 1)
    world.run(for: .seconds(3))
    #expect(world.client.messages(.received) > 1000)
    #expect(world.run(for: .seconds(10)) { world.hasSettled(1) })
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    for pattern in 0..<2 {
      let sent = world.client.messages(.sent, of: pattern)
      #expect(sent == world.client.messages(.received, of: pattern))
    }
    #expect(world.client.board[.churned] == 500)
    #expect(world.client.held == 20)
  }

  @Test func `a connection whose answer never comes leaves when that is known`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    try world.addClient(
      [Self.churn(rate: 1, lifetime: .seconds(1), span: .seconds(1))],
      messages: Messages(
        patterns: [.test(every: .milliseconds(500), timeout: .seconds(3))], patternsOfPhase: [[0]]))
    world.check = { [unowned world] in world.expectConsistency() }
    let start = world.network.now
    world.order(.begin)
    #expect(world.run(for: .seconds(10)) { world.hasSettled(0) })
    #expect(world.network.now - start == 3_500_000_000)
    #expect(world.client.messages(.missing) == 1)
    #expect(world.client.board[.churned] == 1)
  }
}
