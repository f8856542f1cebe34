import Addressing
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// When connections are begun, to the nanosecond of virtual time.
@Suite struct PaceTests {
  /// The instants at which a client called `connect`, in nanoseconds since the phase began.
  private func begins(
    goal: Int, rate: Double?, dials: SimulatedNetwork.Dials = .init(), workers: Int = 1,
    stall: Duration? = nil
  ) throws -> [[UInt64]] {
    let world = World(dials)
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(
        [.open(goal: goal, rate: rate)], share: WorkerShare(index: index, count: workers)
      ) { $0.loggedCall = .connect }
    }
    world.check = { [unowned world] in world.expectConsistency(goal: goal) }
    let start = world.network.now
    world.order(.begin)
    if let stall {
      // All workers obey, then nobody runs for a while.
      world.round()
      world.network.advance(to: world.network.now + stall.nanoseconds)
    }
    #expect(world.run(for: .seconds(600)) { world.hasSettled(0) })
    #expect(world.clients.reduce(0) { $0 + $1.held } == goal)
    return world.clients.map { $0.process.loggedInstants.map { $0 - start } }
  }

  @Test(
    arguments: [0.5, 3, 10, 1000, 33_333, 1_000_000], [0, 30_000, 40_000_000] as [UInt64])
  func `connection k is begun at its due instant`(rate: Double, latency: UInt64) throws {
    let begins = try begins(goal: 100, rate: rate, dials: .init(latency: latency))[0]
    #expect(begins == (0..<100).map { UInt64(Double($0) / rate * 1e9) })
  }

  @Test(arguments: [2, 3, 7])
  func `workers interleave on one schedule`(workers: Int) throws {
    let begins = try begins(goal: 100, rate: 1000, workers: workers)
    #expect(begins.flatMap { $0 }.sorted() == (0..<100).map { UInt64($0) * 1_000_000 })
    for (index, own) in begins.enumerated() {
      #expect(own == stride(from: index, to: 100, by: workers).map { UInt64($0) * 1_000_000 })
    }
  }

  @Test func `without a rate all are begun at once`() throws {
    #expect(try begins(goal: 500, rate: nil)[0] == Array(repeating: 0, count: 500))
  }

  @Test func `behind its schedule a client catches up without a pause`() throws {
    let begins = try begins(goal: 200, rate: 1000, stall: .milliseconds(100))[0]
    #expect(begins[...100] == ArraySlice(repeating: 100_000_000, count: 101))
    #expect(begins[101...] == ArraySlice((101..<200).map { UInt64($0) * 1_000_000 }))
  }

  @Test func `a client that is too slow for its rate neither skips nor exceeds`() throws {
    // A connection takes six calls of a millisecond each, and the rate wants one a millisecond.
    let dials = SimulatedNetwork.Dials(costPerCall: 1_000_000)
    let begins = try begins(goal: 50, rate: 1000, dials: dials)[0]
    #expect(begins.count == 50)
    #expect(begins == begins.sorted())
  }

  // MARK: Over a time

  /// The instants at which clients made a call in a phase, in nanoseconds since it began.
  private func instants(
    of call: SimulatedCall, in phase: Int, _ tasks: [ClientTask], workers: Int = 1
  ) throws -> [[UInt64]] {
    let world = World()
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(tasks, share: WorkerShare(index: index, count: workers))
    }
    for earlier in 0..<phase { world.play(phase: earlier) }
    let start = world.network.now
    for client in world.clients { client.process.loggedCall = call }
    world.play(phase: phase)
    return world.clients.map { $0.process.loggedInstants.map { $0 - start } }
  }

  private static let twoSeconds: UInt64 = 2_000_000_000

  @Test(arguments: [1, 3])
  func `a close over a time takes that time, however many are held`(workers: Int) throws {
    for goal in [1, 50, 1000] {
      let closes = try instants(
        of: .close, in: 1,
        [
          .open(goal: goal, rate: nil), .close(pace: .over(Self.twoSeconds), reset: true),
        ], workers: workers)
      #expect(closes.reduce(0) { $0 + $1.count } == goal)
      for own in closes where !own.isEmpty {
        // One after the other, evenly: the first within its step, the last a step before the end.
        let step = Self.twoSeconds / UInt64(own.count)
        for (index, instant) in own.enumerated() {
          #expect(abs(Int(instant) - index * Int(step)) <= Int(step) + 1000)
          #expect(instant <= Self.twoSeconds)
        }
      }
    }
  }

  @Test func `a ramp over a time spreads what it opens, not what is held already`() throws {
    let begins = try instants(
      of: .connect, in: 1,
      [.open(goal: 900, rate: nil), .open(goal: 1000, pace: .over(Self.twoSeconds))])[0]
    #expect(begins == (0..<100).map { $0 * Self.twoSeconds / 100 })
  }

  @Test func `workers that hold unequal parts end a ramp over a time together`() throws {
    // Three workers deal 10 out as 4, 3, 3; then 100 in all.
    let begins = try instants(
      of: .connect, in: 1,
      [.open(goal: 10, rate: nil), .open(goal: 100, pace: .over(Self.twoSeconds))], workers: 3)
    #expect(begins.map(\.count) == [30, 30, 30])
    for own in begins {
      let last = try #require(own.last)
      #expect(last < Self.twoSeconds && last > Self.twoSeconds * 9 / 10)
    }
  }

  @Test func `a ramp over a time that has nothing to open is over at once`() throws {
    let begins = try instants(
      of: .connect, in: 1,
      [.open(goal: 10, rate: nil), .open(goal: 10, pace: .over(Self.twoSeconds))])[0]
    #expect(begins.isEmpty)
  }

  @Test func `a start that lies ahead is waited for`() throws {
    let world = World()
    try world.addServer()
    try world.addClient([.open(goal: 10, rate: nil)])
    world.order(.begin, after: .seconds(3))
    world.run(for: .milliseconds(2999))
    #expect(world.client.board[.opened] == 0)
    world.run(for: .milliseconds(2))
    #expect(world.client.held == 10)
  }

  @Test func `answers are timed while a burst is still being opened`() throws {
    // Sixteen connections of five calls and a clock reading between two looks at events.
    let world = World(.init(costPerCall: 1000))
    try world.addServer()
    try world.addClient([.open(goal: 1000, rate: nil)])
    world.play()
    var counts = [UInt64](repeating: 0, count: LatencyBuckets.count)
    world.client.board.addCounts(of: .connectUncorrected, to: &counts)
    let longest = try #require(counts.lastIndex { $0 > 0 })
    #expect(counts.reduce(0, +) == 1000)
    // A look at 64 accepts of the server may come between.
    #expect(LatencyBuckets.value(at: longest) < 400_000)
  }

  @Test(arguments: [10_000, 5_000_000] as [UInt64])
  func `latency is counted from the instant that the schedule intended`(latency: UInt64) throws {
    let world = World(.init(latency: latency))
    try world.addServer()
    try world.addClient([.open(goal: 100, rate: 1000)])
    world.order(.begin)
    world.round()
    world.network.advance(to: world.network.now + 50_000_000)
    world.run(for: .seconds(1))
    func largest(_ kind: Scoreboard.Latency) -> UInt64 {
      var counts = [UInt64](repeating: 0, count: LatencyBuckets.count)
      world.client.board.addCounts(of: kind, to: &counts)
      #expect(counts.reduce(0, +) == 100)
      return LatencyBuckets.value(at: counts.lastIndex { $0 > 0 } ?? 0)
    }
    let uncorrected = Double(largest(.connectUncorrected))
    #expect(abs(uncorrected - Double(2 * latency)) < Double(2 * latency) / 100)
    #expect(abs(Double(largest(.connect)) - (uncorrected + 50e6)) < 1e6)
  }
}
