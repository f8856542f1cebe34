package import Linux

/// When each operation of a phase is due: an open loop, which waits for no answer.
package struct Schedule: Sendable, Equatable {
  package var start: Instant
  /// Operations per second, over all workers; nil when each is due at once.
  package var rate: Double?
  /// When the first operations are due, from a recording. `rate` applies to the operations after
  /// them.
  package var recorded: ArrivalCurve?

  package init(start: Instant, rate: Double?, recorded: ArrivalCurve? = nil) {
    self.start = start
    self.rate = rate
    self.recorded = recorded
  }

  /// Whether operation `ordinal` is due at an instant of its own. One that is not is due as soon as
  /// the loop comes to it.
  package func isPaced(_ ordinal: UInt64) -> Bool {
    rate != nil || ordinal < (recorded?.count ?? 0)
  }

  /// The instant at which operation `ordinal` of the whole phase is due.
  package func due(_ ordinal: UInt64) -> Instant {
    guard let recorded else { return due(ordinal, from: start) }
    if let due = recorded.due(ordinal) { return start.advanced(byNanoseconds: due) }
    return due(ordinal - recorded.count, from: start.advanced(byNanoseconds: recorded.end))
  }

  /// How many operations of a paced schedule are due in its first `span` nanoseconds: all of
  /// `recorded`, and as many as `rate` gives in the part of the span after the end of `recorded`.
  package func count(within span: UInt64) -> Int {
    guard let rate else { return Int(clamping: recorded?.count ?? 0) }
    let rest = span - min(span, recorded?.end ?? 0)
    let beyond = min(rate * Double(rest) / 1e9, 0x1p53)
    return Int(recorded.map { Double($0.count) + beyond.rounded(.down) } ?? beyond.rounded(.up))
  }

  private func due(_ ordinal: UInt64, from start: Instant) -> Instant {
    guard let rate else { return start }
    let nanoseconds = Double(ordinal) / rate * 1e9
    // A rate may be so slow that the instant lies beyond all clocks. NaN fails the comparison, too.
    guard nanoseconds < 0x1p63 else { return .distantFuture }
    return start.advanced(byNanoseconds: UInt64(nanoseconds))
  }
}
