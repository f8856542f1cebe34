import Linux

/// When a script may go on: once its messages are answered, or there is no more traffic.
struct Settling {
  /// Nanoseconds without traffic after which no answer is expected any more; the shorter time holds
  /// where as many bytes have come back as were sent.
  private static let quiet: UInt64 = 500_000_000
  private static let quietAfterAnswer: UInt64 = 100_000_000
  /// The most nanoseconds to wait for a peer that never stops talking.
  private static let longest: UInt64 = 5_000_000_000

  private var lastTraffic: Instant?
  private var began: Instant?

  /// Whether a command waits for answers.
  var isWaiting: Bool { began != nil }

  /// Notes that something was sent or received.
  mutating func traffic(now: Instant) { lastTraffic = now }

  /// Whether the script may go on; if not, the wait begins or continues.
  ///
  /// - Parameter awaitsAnswer: whether fewer bytes have come back than were sent.
  mutating func isOver(awaitsAnswer: Bool, now: Instant) -> Bool {
    guard let lastTraffic else { return true }
    let began = began ?? now
    self.began = began
    let quiet = now.nanoseconds(since: lastTraffic)
    let isOver =
      quiet >= (awaitsAnswer ? Self.quiet : Self.quietAfterAnswer)
      || now.nanoseconds(since: began) >= Self.longest
    if isOver {
      self.began = nil
      self.lastTraffic = nil
    }
    return isOver
  }
}
