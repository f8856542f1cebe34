import Linux

/// Which workers give no sign of life, and for how long.
///
/// A worker that has nothing to do sleeps without limit. So a worker whose loop has not turned since the last
/// look is woken, and its silence counts from that moment. One look adds at most two seconds to a silence: where
/// looks are further apart, the whole host may have stood still, and the worker with it.
struct Liveness {
  /// The fewest nanoseconds from one look to the next.
  private static let interval: UInt64 = 1_000_000_000
  /// The most nanoseconds that one look adds to a silence.
  private static let mostPerLook: UInt64 = 2 * interval

  private struct Sign {
    var turns: UInt64 = 0
    /// For how many nanoseconds the loop has not turned since the worker was woken; nil where its loop has turned
    /// and it was not woken since.
    var silence: UInt64?
  }

  private var signs: [Sign]
  private var last: Instant?
  /// Nanoseconds from the look before to the last one, at most `mostPerLook`.
  private var elapsed: UInt64 = 0

  init(workers: Int) { signs = Array(repeating: Sign(), count: workers) }

  /// Begins a look if it is time for one; false if it is not.
  mutating func beginLook(at now: Instant) -> Bool {
    let since = last.map { now.nanoseconds(since: $0) }
    if let since, since < Self.interval { return false }
    elapsed = min(since ?? 0, Self.mostPerLook)
    last = now
    return true
  }

  /// Whether some worker was woken at an earlier look and has not turned since.
  var someAreHung: Bool { signs.contains { ($0.silence ?? 0) > 0 } }

  /// Nothing more is expected of a worker.
  mutating func forget(_ worker: Int) { signs[worker] = Sign() }

  enum Answer: Equatable {
    /// The worker has turned.
    case turning
    /// It has not turned: the caller is to wake it, and to ask again at the next look.
    case resting
    /// It has not turned since it was woken, this long ago.
    case silent(Duration)
  }

  /// - Parameter turns: how often the worker's loop has turned so far.
  mutating func listen(to worker: Int, turns: UInt64) -> Answer {
    guard turns == signs[worker].turns else {
      signs[worker] = Sign(turns: turns)
      return .turning
    }
    guard let silence = signs[worker].silence else {
      signs[worker].silence = 0
      return .resting
    }
    signs[worker].silence = silence + elapsed
    return .silent(.nanoseconds(Int64(silence + elapsed)))
  }
}
