import Linux
import Testing

@Suite struct InstantTests {
  @Test func `now never goes back`() {
    var last = Instant.now()
    for _ in 0..<1000 {
      let now = Instant.now()
      #expect(now >= last)
      last = now
    }
  }

  @Test(
    arguments: [(10, 4, 6), (4, 10, 0), (4, 4, 0), (.max, 0, .max)] as [(UInt64, UInt64, UInt64)])
  func `what has passed is never negative`(later: UInt64, earlier: UInt64, passed: UInt64) {
    let (later, earlier) = (Instant(nanoseconds: later), Instant(nanoseconds: earlier))
    #expect(later.nanoseconds(since: earlier) == passed)
    #expect(later.seconds(since: earlier) == Double(passed) / 1e9)
  }

  @Test func `no instant lies beyond the distant future`() {
    #expect(Instant(nanoseconds: 5).advanced(byNanoseconds: .max) == .distantFuture)
    #expect(Instant.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
    #expect(Instant(nanoseconds: 5).advanced(byNanoseconds: 7) == Instant(nanoseconds: 12))
  }

  @Test(
    arguments: [
      (.zero, 0), (.nanoseconds(1), 1), (.seconds(-1), 0), (.nanoseconds(-1), 0),
      (.milliseconds(1500), 1_500_000_000), (.seconds(86_400 * 365), 31_536_000_000_000_000),
    ] as [(Duration, UInt64)])
  func `a duration has whole nanoseconds`(duration: Duration, nanoseconds: UInt64) {
    #expect(duration.nanoseconds == nanoseconds)
  }

  @Test(arguments: [Int64.max, 20_000_000_000, 18_446_744_074] as [Int64])
  func `a duration too long for 64 bits is as long as they hold`(seconds: Int64) {
    #expect(Duration.seconds(seconds).nanoseconds == .max)
  }
}
