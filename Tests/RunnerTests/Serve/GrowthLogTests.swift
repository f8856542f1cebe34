import Testing

@testable import Runner

/// When `serve` says how many connections there are.
@Suite struct GrowthLogTests {
  private func counts(_ held: Int, closed: Int = 0) -> ServerCounts {
    ServerCounts(held: held, accepted: held + closed, closed: closed)
  }

  @Test func `nothing is said while nothing changes`() {
    var log = GrowthLog()
    #expect(log.line(counts(0), elapsed: 0) == nil)
    #expect(log.line(counts(3), elapsed: 1) == "[0:01] 3 connections, 3 accepted, 0 closed")
    #expect(log.line(counts(3), elapsed: 100) == nil)
  }

  @Test func `no more than once a second below a thousand`() {
    var log = GrowthLog()
    let told = (0..<50).filter { log.line(counts($0 + 1), elapsed: Double($0) / 10) != nil }
    #expect(told == [0, 10, 20, 30, 40])
  }

  @Test func `every round number on the way up is told at once`() {
    var log = GrowthLog()
    var told: [Int] = []
    for held in stride(from: 100, through: 60_000, by: 100)
    where log.line(counts(held), elapsed: 0.001) != nil {
      told.append(held)
    }
    #expect(told == [100, 1000, 2000, 5000, 10_000, 20_000, 50_000])
  }

  @Test func `a jump over several round numbers is one line`() {
    var log = GrowthLog()
    _ = log.line(counts(1), elapsed: 65)
    #expect(
      log.line(counts(30_000, closed: 1234), elapsed: 65.1)
        == "[1:05] 30,000 connections, 31,234 accepted, 1,234 closed")
    // 50,000 is the next one, and the way down is no growth.
    #expect(log.line(counts(40_000), elapsed: 65.2) == nil)
    #expect(log.line(counts(20_000), elapsed: 65.3) == nil)
    #expect(log.line(counts(50_001), elapsed: 65.4) != nil)
  }

  @Test func `going down is told as well`() {
    var log = GrowthLog()
    _ = log.line(counts(2), elapsed: 0)
    #expect(
      log.line(counts(1, closed: 1), elapsed: 2) == "[0:02] 1 connection, 2 accepted, 1 closed")
  }
}
