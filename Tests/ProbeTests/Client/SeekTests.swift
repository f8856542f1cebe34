import Linux
import Messages
import Probe
import Testing

@testable import Simulation

/// Up and down to goals that only the orders name.
@Suite struct SeekTests {
  private func world(
    most: Int = 1000, rate: Double? = nil, workers: Int = 1,
    dials: SimulatedNetwork.Dials = .init(), patterns: [MessagePattern] = []
  ) throws -> World {
    let world = World(dials)
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(
        [.seek(most: most, rate: rate), .keep], share: WorkerShare(index: index, count: workers),
        messages: Messages(
          patterns: patterns, patternsOfPhase: [Array(patterns.indices), []]))
    }
    world.check = { [unowned world] in world.expectConsistency(goal: most) }
    return world
  }

  private func held(_ world: World) -> Int { world.clients.reduce(0) { $0 + $1.held } }

  private func seek(_ goal: Int, _ world: World) {
    world.order(.begin, goal: goal)
    #expect(world.run(for: .seconds(60)) { world.hasSettled(0) })
    #expect(held(world) == goal)
    world.run(for: .nanoseconds(Int64(world.network.dials.latency)))
    #expect(world.servers.reduce(0) { $0 + $1.held } == goal)
  }

  @Test(arguments: [1, 3], [nil, 1000] as [Double?])
  func `goes up and down to each goal`(workers: Int, rate: Double?) throws {
    let world = try world(rate: rate, workers: workers)
    for goal in [100, 350, 1000, 999, 400, 401, 0, 17] { seek(goal, world) }
    #expect(world.network.bindings.timeWaits.isEmpty)
    #expect(world.clients.allSatisfy { $0.failures.isEmpty })
  }

  @Test func `never goes beyond the most, nor without a goal`() throws {
    let world = try world(most: 50)
    world.order(.begin, goal: 500)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(0) })
    #expect(world.client.held == 50)
    world.play()
    #expect(world.client.held == 50)
  }

  @Test func `handshakes that are under way count, and can be given up`() throws {
    let world = try world(dials: .init(latency: 500_000_000))
    world.order(.begin, goal: 100)
    world.run(for: .milliseconds(10))
    #expect(world.client.connecting == 100)
    seek(30, world)
    #expect(world.client.board[.opened] == 100)
  }

  @Test func `another step does not disturb the messages of those before`() throws {
    let world = try world(patterns: [.test(every: .seconds(1))])
    world.client.process.loggedCall = .send
    let start = world.network.now
    seek(10, world)
    world.run(for: .milliseconds(1_540))
    // In the middle of a round, which goes on as it began.
    seek(20, world)
    world.run(for: .milliseconds(1_450))
    let sends = world.client.process.loggedInstants.map { ($0 - start) / 1_000_000 }
    // The ten that were there have their instants; the ten that came join the next round, as the
    // very first of all did.
    let expected = (1..<2000).filter { $0 % 100 == 0 } + (2000..<2990).filter { $0 % 50 == 0 }
    #expect(sends == expected.map { UInt64($0) })
    #expect(world.client.messages(.received) == sends.count)
    #expect(world.client.board.largest(.drift) < 1e6)
  }

  @Test func `what was due while more stood is not made up for by fewer`() throws {
    let world = try world(patterns: [.test(every: .milliseconds(100))])
    seek(20, world)
    world.network.dials.latency = 1_000_000_000
    world.run(for: .seconds(5))
    world.network.dials.latency = 0
    seek(10, world)
    let before = (world.client.messages(.sent), world.client.messages(.unsent))
    world.run(for: .seconds(2))
    // Ten connections, ten messages a second each.
    #expect(abs(world.client.messages(.sent) - before.0 - 200) <= 10)
    // About 16 of 20 rounds had passed for each of the ten; they stay unsent.
    #expect(before.1 > 100)
    #expect(world.client.messages(.unsent) == before.1)
  }

  @Test(arguments: [
    MessagePattern.test(every: .milliseconds(100)), .test(rate: 200),
    .test(every: .milliseconds(300), timeout: .milliseconds(400)),
  ])
  func `fewer are timed by nothing that was sent, or due, while more stood`(
    pattern: MessagePattern
  ) throws {
    let world = try world(patterns: [pattern])
    seek(20, world)
    world.run(for: .seconds(2))
    // The server stands still, and answers everything when the step is carried out.
    world.server.process.isStopped = true
    world.run(for: .seconds(2))
    world.order(.begin, goal: 10)
    #expect(world.run(for: .seconds(60)) { world.hasSettled(0) })
    let before = world.client.board.counts(of: .roundTrip)
    let received = world.client.messages(.received)
    world.server.process.isStopped = false
    world.run(for: .seconds(8))
    let counts = world.client.board.counts(of: .roundTrip)
    let slowest = counts.indices.last { counts[$0] > before[$0] }
    #expect(world.client.messages(.received) > received + 100)
    #expect(LatencyBuckets.value(at: try #require(slowest)) < 1_000_000)
  }

  @Test func `a conversation that waited for another is played after a step down`() throws {
    let long: [RecordedConversation.Step] = [
      .says("a\n"), .hears("a\n"), .says("b\n", after: .seconds(2)), .hears("b\n"),
    ]
    let short: [RecordedConversation.Step] = [.says("x\n"), .hears("x\n")]
    let world = try world(patterns: [.playing(long), .playing(short)])
    seek(20, world)
    world.run(for: .seconds(1))
    seek(10, world)
    world.run(for: .seconds(5))
    #expect(world.client.messages(.sent, of: 0) == 20)
    #expect(world.client.messages(.sent, of: 1) == 10)
    #expect(world.client.messages(.received, of: 1) == 10)
  }

  @Test func `what a worker without connections leaves out is counted step after step`() throws {
    let world = try world(workers: 2, patterns: [.test(rate: 100)])
    // The first worker alone has a connection.
    seek(1, world)
    world.run(for: .seconds(3))
    seek(2, world)
    let unsent = world.clients.reduce(0) { $0 + $1.messages(.unsent) }
    #expect(abs(unsent - 150) <= 1)
  }

  @Test func `nothing is due while nothing stands`() throws {
    let world = try world(patterns: [.test(rate: 100)])
    seek(20, world)
    world.run(for: .seconds(1))
    seek(0, world)
    world.run(for: .seconds(3))
    seek(10, world)
    let unsent = world.client.messages(.unsent)
    world.client.process.loggedCall = .send
    world.run(for: .seconds(1))
    #expect(abs(world.client.process.loggedInstants.count - 100) <= 1)
    #expect(world.client.board.largest(.drift) < 1e6)
    #expect(world.client.messages(.unsent) == unsent)
  }

  @Test func `those that are about to go are replaced by the next step up`() throws {
    let world = try world(
      most: 200, dials: .init(latency: 100_000_000), patterns: [.test(every: .milliseconds(400))])
    world.order(.begin, goal: 100)
    world.run(for: .seconds(2))
    world.order(.begin, goal: 10)
    world.run(for: .milliseconds(1))
    #expect((11..<100).contains(world.client.held))
    world.order(.begin, goal: 100)
    #expect(world.run(for: .seconds(5)) { world.hasSettled(0) })
    #expect(world.client.held == 100)
    #expect(world.client.board[.opened] == 190)
  }

  @Test func `a further step down does not count those that are about to go`() throws {
    let world = try world(
      dials: .init(latency: 100_000_000), patterns: [.test(every: .milliseconds(300))])
    world.order(.begin, goal: 100)
    world.run(for: .seconds(2))
    world.order(.begin, goal: 50)
    world.run(for: .milliseconds(1))
    #expect((51..<100).contains(world.client.held))
    world.order(.begin, goal: 30)
    #expect(world.run(for: .seconds(5)) { world.hasSettled(0) })
    #expect(world.client.held == 30)
  }

  @Test func `those that go have their answers first`() throws {
    let world = try world(
      dials: .init(latency: 100_000_000), patterns: [.test(every: .milliseconds(400))])
    world.order(.begin, goal: 100)
    world.run(for: .seconds(2))
    seek(10, world)
    world.order(.settle)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(0) })
    #expect(world.client.messages(.sent) == world.client.messages(.received))
    #expect(world.client.messages(.sent) > 400)
  }
}
