import Linux

/// How many connections each worker held at the last two looks. A look is when the coordinator reads the
/// workers' counters.
///
/// A worker notes how many connections it held itself at the instant of a failure. Nobody notes how many the
/// other workers held just then, so their numbers are interpolated between the looks before and after that
/// instant. The looks are 0.1 s apart at most (`Coordinator.tick`), unless the coordinator had to wait for an
/// answer of the kernel between them.
struct HeldTrack {
  private struct Look {
    let at: Instant
    let counts: [Int]
  }

  private var before: Look?
  private var last: Look?

  /// - Parameter counts: by worker, at this instant.
  mutating func note(_ counts: [Int], at instant: Instant) {
    before = last
    last = Look(at: instant, counts: counts)
  }

  /// How many connections a worker held at an instant. Before the earlier of the two looks it is the number at
  /// that look, from the last look on the number at the last one.
  func held(by worker: Int, at instant: Instant) -> Int {
    guard let last else { return 0 }
    guard let before, before.at < last.at, instant < last.at else { return last.counts[worker] }
    let (from, to) = (before.counts[worker], last.counts[worker])
    let share = instant.seconds(since: before.at) / last.at.seconds(since: before.at)
    return from + Int((Double(to - from) * share).rounded())
  }
}
