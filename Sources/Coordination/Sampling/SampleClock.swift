import Linux

/// Says when the next sample is due: at the start and at every multiple of the interval after it. Samples
/// that are taken in between, such as those at the ends of phases, do not move these instants.
struct SampleClock {
  private let every: UInt64
  private(set) var next: Instant

  init(every: Duration, from start: Instant) {
    self.every = max(1, every.nanoseconds)
    next = start
  }

  /// Notes that a sample was taken. A late sample stands for all that were due by then.
  mutating func noteSample(at instant: Instant) {
    guard next <= instant else { return }
    let missed = instant.nanoseconds(since: next) / every
    next = next.advanced(byNanoseconds: (missed + 1) * every)
  }
}
