import Linux

/// When a script's next command may run: once its messages are answered, or there is no more
/// traffic.
struct Settling {
  /// Nanoseconds without traffic after which no answer is expected any more. The shorter time,
  /// `quietAfterAnswer`, holds where every peer has sent back at least as many bytes as it got.
  private static let quiet: UInt64 = 500_000_000
  private static let quietAfterAnswer: UInt64 = 100_000_000
  /// The most nanoseconds to wait for a peer that never stops talking.
  private static let longest: UInt64 = 5_000_000_000

  private var lastTraffic: Instant?
  private var began: Instant?

  /// Whether a command, or the end of the input, waits for answers.
  var isWaiting: Bool { began != nil }

  /// Notes that something was sent or received.
  mutating func noteTraffic(now: Instant) { lastTraffic = now }

  /// Whether the script may go on; if not, the wait begins or continues.
  ///
  /// - Parameter awaitsAnswer: as in `PeerTable`.
  mutating func isOver(awaitsAnswer: Bool, now: Instant) -> Bool {
    guard let lastTraffic else { return true }
    let began = began ?? now
    self.began = began
    let silence = now.nanoseconds(since: lastTraffic)
    let isOver =
      silence >= (awaitsAnswer ? Self.quiet : Self.quietAfterAnswer)
      || now.nanoseconds(since: began) >= Self.longest
    if isOver {
      self.began = nil
      self.lastTraffic = nil
    }
    return isOver
  }
}
