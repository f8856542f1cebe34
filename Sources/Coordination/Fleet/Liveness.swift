import Linux

/// Which workers give no sign of life, and for how long.
///
/// A worker that has nothing to do sleeps without limit. So whoever has not turned since the look
/// before is woken, and has to turn then: its silence counts from that moment. Only time between looks that
/// follow each other counts: when all of this host stood still, nobody was silent.
struct Liveness {
  /// Nanoseconds from one look to the next, and what one of them may add to a silence.
  private static let interval: UInt64 = 1_000_000_000
  private static let most: UInt64 = 2 * interval

  private struct Sign {
    var turns: UInt64 = 0
    /// Nanoseconds; nil where nothing was asked.
    var silence: UInt64?
  }

  private var signs: [Sign]
  private var last: Instant?
  /// Nanoseconds since the look before.
  private var elapsed: UInt64 = 0

  init(workers: Int) { signs = Array(repeating: Sign(), count: workers) }

  /// Whether it is time for a look.
  mutating func begin(at now: Instant) -> Bool {
    let since = last.map { now.nanoseconds(since: $0) }
    if let since, since < Self.interval { return false }
    elapsed = min(since ?? 0, Self.most)
    last = now
    return true
  }

  /// Whether somebody was woken and has not turned for a while since.
  var someAreHung: Bool { signs.contains { ($0.silence ?? 0) > 0 } }

  /// Nothing more is expected of a worker.
  mutating func forget(_ worker: Int) { signs[worker] = Sign() }

  enum Answer: Equatable {
    /// It has turned.
    case turning
    /// To be woken, and to be asked again at the next look.
    case resting
    /// Has not turned since it was woken.
    case silent(Duration)
  }

  /// - Parameter turns: of the worker so far.
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
