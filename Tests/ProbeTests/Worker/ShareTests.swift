import Linux
import Probe
import Testing

@Suite struct WorkerShareTests {
  @Test(arguments: [1, 2, 3, 7, 51], [0, 1, 6, 7, 100, 1_000_003])
  func `the parts are even and make up the total`(workers: Int, total: Int) {
    let parts = (0..<workers).map { WorkerShare(index: $0, count: workers).part(of: total) }
    #expect(parts.reduce(0, +) == total)
    #expect(parts.max()! - parts.min()! <= 1)
  }

  @Test(arguments: [1, 2, 3, 7], [1, 5, 100])
  func `each thing is one worker's`(workers: Int, total: Int) {
    let ordinals = (0..<workers).flatMap { index in
      let share = WorkerShare(index: index, count: workers)
      return (0..<share.part(of: total)).map(share.ordinal)
    }
    #expect(ordinals.sorted() == (0..<UInt64(total)).map { $0 })
  }

  @Test func `a part never shrinks as the total grows`() {
    let share = WorkerShare(index: 2, count: 5)
    let parts = (0...100).map(share.part)
    #expect(parts == parts.sorted())
  }
}

@Suite struct ScheduleTests {
  @Test(arguments: [0.5, 3, 1000, 25_000, 1e6])
  func `operations are due evenly from the start`(rate: Double) {
    let start = Instant(nanoseconds: 1_000_000_000)
    let schedule = Schedule(start: start, rate: rate)
    #expect(schedule.due(0) == start)
    for ordinal in [1, 2, 10, 999_983] as [UInt64] {
      let expected = Double(ordinal) / rate
      #expect(abs(schedule.due(ordinal).seconds(since: start) - expected) < 2e-9 * expected + 2e-9)
    }
  }

  @Test func `without a rate everything is due at the start`() {
    let start = Instant(nanoseconds: 5)
    #expect(Schedule(start: start, rate: nil).due(1_000_000) == start)
  }

  @Test(arguments: [1e-9, .leastNonzeroMagnitude, 0])
  func `a rate too slow to ever come round is no fault`(rate: Double) {
    let schedule = Schedule(start: Instant(nanoseconds: 5), rate: rate)
    #expect(schedule.due(1_000_000_000) == .distantFuture)
  }
}
