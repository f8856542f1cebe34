import Linux

/// When the next sample is due: at every multiple of the interval since the coordinator began, whatever
/// samples are taken between, such as those at the ends of phases.
struct SampleClock {
  private let every: UInt64
  private(set) var next: Instant

  init(every: Duration, from start: Instant) {
    self.every = max(1, every.nanoseconds)
    next = start
  }

  /// Notes that a sample was taken. A sample that comes late stands for those that were missed.
  mutating func took(at instant: Instant) {
    guard next <= instant else { return }
    let missed = instant.nanoseconds(since: next) / every
    next = next.advanced(byNanoseconds: (missed + 1) * every)
  }
}
