package import Linux

/// When each operation of a phase is due, whether that is a connection to open or close, or a
/// message to begin. The schedule is an open loop: no operation waits for an earlier one's answer.
///
/// Operations are numbered from 0 over all workers; see `WorkerShare.ordinal`.
package struct Schedule: Sendable, Equatable {
  package var start: Instant
  /// Operations per second, over all workers; nil when all are due at once.
  package var rate: Double?
  /// When the first operations are due, from a recording. Only the operations after these follow
  /// `rate`.
  package var recorded: ArrivalCurve?

  package init(start: Instant, rate: Double?, recorded: ArrivalCurve? = nil) {
    self.start = start
    self.rate = rate
    self.recorded = recorded
  }

  /// Whether operation `ordinal` is due at an instant of its own. If not, it is due as soon as the
  /// worker's loop comes to it.
  package func isPaced(_ ordinal: UInt64) -> Bool {
    rate != nil || ordinal < (recorded?.count ?? 0)
  }

  /// The instant at which operation `ordinal` is due.
  package func due(_ ordinal: UInt64) -> Instant {
    guard let recorded else { return due(ordinal, from: start) }
    if let due = recorded.due(ordinal) { return start.advanced(byNanoseconds: due) }
    return due(ordinal - recorded.count, from: start.advanced(byNanoseconds: recorded.end))
  }

  /// How many operations are due in the first `span` nanoseconds. That is all of `recorded`, even
  /// of a longer one, and as many as `rate` gives in the part of the span after the end of
  /// `recorded`.
  package func count(within span: UInt64) -> Int {
    guard let rate else { return Int(clamping: recorded?.count ?? 0) }
    let rest = span - min(span, recorded?.end ?? 0)
    let beyond = min(rate * Double(rest) / 1e9, 0x1p53)
    // `recorded` ends right after its last operation. To round up behind it would add an operation
    // to a phase that was recorded whole.
    return Int(recorded.map { Double($0.count) + beyond.rounded(.down) } ?? beyond.rounded(.up))
  }

  private func due(_ ordinal: UInt64, from start: Instant) -> Instant {
    guard let rate else { return start }
    let nanoseconds = Double(ordinal) / rate * 1e9
    // A rate may be so slow that no clock can show the instant. NaN, for operation 0 at rate 0,
    // fails the comparison, too.
    guard nanoseconds < 0x1p63 else { return .distantFuture }
    return start.advanced(byNanoseconds: UInt64(nanoseconds))
  }
}
