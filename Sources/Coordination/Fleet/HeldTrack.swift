import Linux

/// How many connections each worker held at the last two looks. A look is when the coordinator reads the
/// workers' counters.
///
/// A worker notes what it held itself at the instant of a failure, but nobody notes what the other
/// workers held just then. Their numbers are interpolated between the looks before and after the
/// instant. These are 0.1 s apart while anything moves, or longer where the kernel was slow to answer a
/// question of the coordinator's.
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

  /// How many connections a worker held at an instant; from the last look on, what it held at that look.
  func held(by worker: Int, at instant: Instant) -> Int {
    guard let last else { return 0 }
    guard let before, before.at < last.at, instant < last.at else { return last.counts[worker] }
    let (from, to) = (before.counts[worker], last.counts[worker])
    let share = instant.seconds(since: before.at) / last.at.seconds(since: before.at)
    return from + Int((Double(to - from) * share).rounded())
  }
}
