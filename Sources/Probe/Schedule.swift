package import Linux

/// When each of a phase's operations is due: an open loop that never waits for the answers.
package struct Schedule: Sendable, Equatable {
  package var start: Instant
  /// Operations a second, over all workers; nil when each is due at once.
  package var rate: Double?

  package init(start: Instant, rate: Double?) {
    self.start = start
    self.rate = rate
  }

  /// The instant at which operation `ordinal` of the whole phase is due.
  package func due(_ ordinal: UInt64) -> Instant {
    guard let rate else { return start }
    let nanoseconds = Double(ordinal) / rate * 1e9
    // A rate may be so slow that the instant lies beyond all clocks; NaN compares as that, too.
    guard nanoseconds < 0x1p63 else { return .distantFuture }
    return start.advanced(byNanoseconds: UInt64(nanoseconds))
  }
}
