import Linux
import Probe
import Testing

@testable import Simulation

/// Arrivals that a recording gives the instants of.
@Suite struct ReplayTests {
  private func curve(_ steps: [(count: UInt64, from: UInt64, to: UInt64)]) -> ArrivalCurve {
    var curve = ArrivalCurve()
    for step in steps { curve.append(step.count, from: step.from, to: step.to) }
    return curve
  }

  private func dues(_ schedule: Schedule, _ ordinals: Range<UInt64>) -> [UInt64] {
    ordinals.map { schedule.due($0).nanoseconds - schedule.start.nanoseconds }
  }

  private let start = Instant(nanoseconds: 1000)

  @Test func `arrivals of a tick are spread over it`() {
    let schedule = Schedule(
      start: start, rate: 1000, recorded: curve([(4, 0, 1000), (0, 1000, 2000), (2, 5000, 6000)]))
    #expect(dues(schedule, 0..<6) == [0, 250, 500, 750, 5000, 5500])
  }

  @Test func `beyond the recording the rate says when`() {
    let schedule = Schedule(start: start, rate: 1e6, recorded: curve([(2, 0, 1000)]))
    #expect(dues(schedule, 0..<5) == [0, 500, 1000, 2000, 3000])
    #expect(schedule.isPaced(7))
  }

  @Test func `without a rate the rest comes at once`() {
    let schedule = Schedule(start: start, rate: nil, recorded: curve([(2, 0, 1000)]))
    #expect(dues(schedule, 0..<4) == [0, 500, 1000, 1000])
    #expect(schedule.isPaced(1))
    #expect(!schedule.isPaced(2))
  }

  @Test func `a search among many steps finds each arrival`() {
    var curve = ArrivalCurve()
    for tick in 0..<5000 as Range<UInt64> {
      curve.append(tick % 3, from: tick * 1000, to: tick * 1000 + 1000)
    }
    let schedule = Schedule(start: start, rate: nil, recorded: curve)
    let expected = (0..<5000 as Range<UInt64>).flatMap { tick in
      (0..<tick % 3).map { tick * 1000 + 1000 * $0 / (tick % 3) }
    }
    #expect(dues(schedule, 0..<curve.count) == expected)
  }

  @Test(arguments: [1, 3])
  func `workers drive a recorded phase to the nanosecond`(workers: Int) throws {
    let recorded = curve([
      (3, 0, 3_000_000), (1, 500_000_000, 501_000_000), (6, 600_000_000, 603_000_000),
    ])
    let world = World()
    try world.addServer()
    for index in 0..<workers {
      try world.addClient(
        [.open(goal: 12, rate: 1000)], share: WorkerShare(index: index, count: workers),
        recordedArrivals: [recorded]
      ) { $0.loggedCall = .connect }
    }
    let begun = world.network.now
    world.order(.begin)
    #expect(world.run(for: .seconds(10)) { world.hasSettled(0) })
    let begins = world.clients.flatMap { $0.process.loggedInstants.map { $0 - begun } }.sorted()
    let expected: [UInt64] =
      [0, 1_000_000, 2_000_000, 500_000_000] + (0..<6).map { 600_000_000 + 500_000 * $0 }
      // Two more than were recorded, at the rate of the plan.
      + [603_000_000, 604_000_000]
    #expect(begins == expected)
    #expect(world.clients.reduce(0) { $0 + $1.held } == 12)
  }
}
