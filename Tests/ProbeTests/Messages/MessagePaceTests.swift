import Addressing
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// When messages are sent, to the nanosecond of virtual time, and how their answers are timed.
@Suite struct MessagePaceTests {
  private static let second: UInt64 = 1_000_000_000

  /// Both ends, with connections that are open and phase 1 about to play the patterns.
  private func world(
    _ patterns: [MessagePattern], connections: Int, workers: Int = 1,
    dials: SimulatedNetwork.Dials = .init(), tasks: [ClientTask] = [.keep],
    patternsOfPhase: [[Int]]? = nil, wakeLead: UInt64 = 0
  ) throws -> World {
    let world = World(dials)
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(
        [.open(goal: connections, rate: nil)] + tasks,
        share: WorkerShare(index: index, count: workers),
        messages: Messages(
          patterns: patterns,
          patternsOfPhase: patternsOfPhase ?? [[]] + tasks.map { _ in Array(patterns.indices) }),
        wakeLead: wakeLead
      ) { $0.loggedCall = .send }
    }
    world.check = { [unowned world] in world.expectConsistency() }
    world.play()
    world.run(for: .seconds(1))
    return world
  }

  /// The instants at which messages were sent, in nanoseconds since the phase began.
  private func sends(_ world: World, for time: Duration) -> [[UInt64]] {
    let start = world.network.now
    world.order(.begin, phase: 1)
    world.run(for: time)
    return world.clients.map { $0.process.loggedInstants.map { $0 - start } }
  }

  private func total(_ counter: MessageCounter, _ world: World, of pattern: Int = 0) -> Int {
    world.clients.reduce(0) { $0 + $1.messages(counter, of: pattern) }
  }

  @Test(arguments: [1, 2, 3, 7], [1, 5, 100])
  func `every so often is spread evenly over connections and workers`(
    workers: Int, share: Int
  ) throws {
    let connections = workers * share
    let world = try world([.test(every: .seconds(1))], connections: connections, workers: workers)
    let sends = sends(world, for: .milliseconds(2_999))
    let all = UInt64(connections)
    #expect(sends.flatMap { $0 }.sorted() == (0..<3 * all).map { $0 * Self.second / all })
    #expect(total(.received, world) == 3 * connections)
    #expect(sends.allSatisfy { $0.count == 3 * share })
  }

  @Test(arguments: [(0, 30_000), (50_000, 0)] as [(UInt64, UInt64)])
  func `a late timer delays no message that is waited for awake`(
    wakeLead: UInt64, delay: UInt64
  ) throws {
    let world = try world(
      [.test(every: .seconds(1))], connections: 10, dials: .init(timerLateness: 30_000),
      wakeLead: wakeLead)
    // The first is due at once.
    let sends = sends(world, for: .milliseconds(999))[0].dropFirst()
    #expect(sends == (1..<10).map { $0 * Self.second / 10 + delay }[...])
  }

  @Test(arguments: [1, 3])
  func `without a limit each connection sends as soon as it is answered`(workers: Int) throws {
    var pattern = MessagePattern.test()
    pattern.pace = .unlimited
    let world = try world(
      [pattern], connections: 10 * workers, workers: workers,
      dials: .init(latency: 500_000), tasks: [.keep, .keep], patternsOfPhase: [[], [0], []])
    let sends = sends(world, for: .milliseconds(100))
    // There and back is a millisecond.
    for own in sends {
      #expect(own.count == 10 * 101)
      #expect(own.enumerated().allSatisfy { $1 == UInt64($0 / 10) * 1_000_000 })
    }
    world.order(.settle, phase: 1)
    world.run(for: .milliseconds(10))
    #expect(total(.received, world) == total(.sent, world))
    #expect(world.clients.allSatisfy { $0.process.loggedInstants.count == 10 * 101 })
  }

  @Test(arguments: [1, 3], [0.5, 7, 1000, 33_333])
  func `a rate sends exactly as many, each at its instant`(workers: Int, rate: Double) throws {
    let world = try world([.test(rate: rate)], connections: 30, workers: workers)
    let count = Int(min(rate * 10, 5_000))
    let sends = sends(world, for: .nanoseconds(Int64(Double(count) / rate * 1e9) - 1))
    #expect(
      sends.flatMap { $0 }.sorted() == (0..<count).map { UInt64(Double($0) / rate * 1e9) })
    #expect(total(.received, world) == count)
  }

  @Test func `a rate lets the connections take turns`() throws {
    let stage = try Stage(connections: 10, [.test(rate: 100)])
    for _ in 0..<3 {
      stage.world.order(.begin, phase: 1)
      for _ in 0..<99 {
        stage.world.run(for: .milliseconds(1))
        stage.echo()
      }
    }
    #expect(stage.outcomes() == [30, 30, 0, 0, 0, 0])
    // Three messages of ten bytes each.
    #expect(
      stage.sockets.allSatisfy { stage.peer.process.socket($0).bytesSent == 30 })
  }

  @Test func `a rate that no connection can carry waits, and its messages stay due`() throws {
    let stage = try Stage(connections: 2, [.test(rate: 10, timeout: .seconds(100))])
    stage.begin(for: .seconds(5))
    #expect(stage.outcomes() == [2, 0, 0, 0, 0, 0])
    stage.echo()
    #expect(stage.outcomes() == [4, 2, 0, 0, 0, 0])
    stage.echo()
    // The third and the fourth were due 0.2 and 0.3 s after the start.
    #expect(abs(stage.client.board.largest(.roundTrip) - 5e9) < 5e7)
    #expect(abs(stage.client.board.largest(.drift) - 4.8e9) < 5e7)
  }

  @Test func `several patterns are played at once`() throws {
    let patterns: [MessagePattern] = [
      .test("a", every: .seconds(1)), .test("bb", every: .milliseconds(300)),
      .test("ccc", rate: 50), .test("d", every: .seconds(2), expect: .none),
    ]
    let world = try world(patterns, connections: 20, dials: .init(latency: 20_000))
    _ = sends(world, for: .milliseconds(5_999))
    world.order(.settle, phase: 1)
    #expect(world.run(for: .seconds(1)) { world.hasSettled(1) })
    #expect((0..<4).map { total(.sent, world, of: $0) } == [120, 400, 300, 60])
    #expect((0..<4).map { total(.received, world, of: $0) } == [120, 400, 300, 60])
    #expect(world.server.board[.bytesReceived] == 120 + 800 + 900 + 60)
    #expect(world.client.board[.unexpectedBytes] == 60)
  }

  @Test func `what has waited is sent in the order in which it was due`() throws {
    let stage = try Stage([
      .test("a", every: .seconds(1)), .test("b", every: .milliseconds(300)),
    ])
    stage.begin(for: .milliseconds(1_050))
    var heard: [UInt8] = []
    for _ in 0..<6 {
      let bytes = stage.heard()
      heard += bytes
      stage.say(bytes)
    }
    // Due at 0, 0, 0.3, 0.6, 0.9 and 1 second; the next one comes at 1.2.
    #expect(String(decoding: heard, as: UTF8.self) == "abbbba")
    #expect(stage.heard().isEmpty)
  }

  @Test func `an answer is in time until the timeout has passed`() throws {
    let dials = SimulatedNetwork.Dials(latency: 500_000_000)
    for (timeout, outcomes) in [(1_000, [1, 1, 0, 0, 0, 0]), (999, [1, 0, 0, 0, 1, 0])] {
      let world = World(dials)
      try world.addServer()
      try world.addClient(
        [.open(goal: 1, rate: nil), .keep],
        messages: Messages(
          patterns: [.test(every: .seconds(60), timeout: .milliseconds(timeout))],
          patternsOfPhase: [[], [0]]))
      world.play()
      world.run(for: .seconds(1))
      world.order(.begin, phase: 1)
      world.run(for: .seconds(5))
      let counters: [MessageCounter] = [.sent, .received, .wrong, .short, .late, .missing]
      #expect(counters.map { world.client.messages($0) } == outcomes)
    }
  }

  @Test func `a phase plays its own patterns and no others`() throws {
    let patterns: [MessagePattern] = [.test("a", every: .seconds(1)), .test("b", rate: 10)]
    let world = try world(
      patterns, connections: 10, tasks: [.keep, .keep, .keep], patternsOfPhase: [[], [1], [], [0]])
    func sent() -> [Int] { [total(.sent, world), total(.sent, world, of: 1)] }
    for (phase, expected) in [(1, [0, 10]), (2, [0, 10]), (3, [10, 10])] {
      world.play(phase: phase)
      world.run(for: .milliseconds(999))
      #expect(sent() == expected)
    }
  }

  @Test func `a pattern begins anew with each phase that plays it`() throws {
    let world = try world([.test(every: .seconds(1))], connections: 4, tasks: [.keep, .keep])
    #expect(sends(world, for: .milliseconds(1_300))[0].count == 6)
    let start = world.network.now
    world.order(.begin, phase: 2)
    world.run(for: .milliseconds(999))
    let again = world.client.process.loggedInstants.dropFirst(6).map { $0 - start }
    #expect(again == [0, 250_000_000, 500_000_000, 750_000_000])
  }

  @Test func `a connection that is new joins the round where its place still comes`() throws {
    let world = World()
    try world.addServer()
    try world.addClient(
      [.open(goal: 10, rate: 5)],
      messages: Messages(patterns: [.test(every: .seconds(1))], patternsOfPhase: [[0]])
    ) { $0.loggedCall = .send }
    world.check = { [unowned world] in world.expectConsistency() }
    let start = world.network.now
    world.order(.begin)
    // Connection k comes at 200k ms; its place is at 100k ms of each second. The first one's has
    // gone by when it comes.
    world.run(for: .milliseconds(3_999))
    let sends = world.client.process.loggedInstants.map { ($0 - start) / 1_000_000 }
    var expected: [UInt64] = []
    for place in 0..<10 as Range<UInt64> {
      for round in 0..<4 as Range<UInt64> where round * 1000 + place * 100 > place * 200 {
        expected.append(round * 1000 + place * 100)
      }
    }
    #expect(sends.sorted() == expected.sorted())
  }

  @Test func `a pause shows where time is counted from the schedule, and only there`() throws {
    // A hundred messages a second for ten seconds; the server stands still for two of them.
    let world = try world([.test(every: .seconds(1), timeout: .seconds(5))], connections: 100)
    world.order(.begin, phase: 1)
    world.run(for: .seconds(4))
    world.server.process.isStopped = true
    world.run(for: .seconds(2))
    world.server.process.isStopped = false
    world.run(for: .milliseconds(3_999))
    #expect(total(.sent, world) == 1_000)
    #expect(total(.received, world) == 1_000)
    let slow = { (latency: Scoreboard.Latency) in
      world.client.board.counts(of: latency).enumerated().reduce(0) {
        LatencyBuckets.value(at: $1.offset) > 500_000_000 ? $0 + Int($1.element) : $0
      }
    }
    // What was due in the first 1.5 s of the pause had to wait for at least half a second.
    #expect(abs(slow(.roundTrip) - 150) <= 2)
    #expect(abs(world.client.board.largest(.roundTrip) - 2e9) < 2e7)
    // The hundred that were under way, less those of the last half second.
    #expect(slow(.roundTripUncorrected) == 100)
    #expect(world.client.board.population(of: .roundTrip) == 1_000)
  }

  @Test func `a client that stands still shows it as drift`() throws {
    let world = try world([.test(every: .seconds(1))], connections: 10)
    world.order(.begin, phase: 1)
    world.round()
    world.network.advance(to: world.network.now + 500_000_000)
    world.run(for: .milliseconds(499))
    #expect(total(.received, world) == 10)
    #expect(abs(world.client.board.largest(.drift) - 0.5e9) < 4e6)
    #expect(abs(world.client.board.largest(.roundTrip) - 0.5e9) < 4e6)
    #expect(world.client.board.largest(.roundTripUncorrected) < 1e6)
  }

  @Test func `the drift of a ramp is recorded where there is a schedule`() throws {
    let world = World()
    try world.addServer()
    try world.addClient([.open(goal: 100, rate: 1000), .open(goal: 200, rate: nil)])
    world.order(.begin)
    world.round()
    world.network.advance(to: world.network.now + 50_000_000)
    world.run(for: .seconds(1)) { world.hasSettled(0) }
    #expect(world.client.board.population(of: .drift) == 100)
    #expect(abs(world.client.board.largest(.drift) - 50e6) < 5e5)
    world.play(phase: 1)
    #expect(world.client.board.population(of: .drift) == 100)
  }

  @Test func `messages that wake nobody cost no calls`() throws {
    let world = try world([.test(every: .seconds(1))], connections: 10)
    let calls = world.client.process.totalCalls
    _ = sends(world, for: .milliseconds(9_999))
    // A write, two reads and two waits for each, and the order.
    #expect(world.client.process.totalCalls - calls <= 100 * 6 + 10)
  }
}
