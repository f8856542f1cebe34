import Linux

/// When a script may go on: once what it sent was answered, or nothing moves any more.
struct Settling {
  /// Without traffic for so long, no answer is on its way; where as much has come back as was sent,
  /// a shorter time tells.
  private static let quiet: UInt64 = 500_000_000
  private static let quietAfterAnswer: UInt64 = 100_000_000
  /// A peer that never stops talking is not waited for.
  private static let longest: UInt64 = 5_000_000_000

  private var lastTraffic: Instant?
  private var began: Instant?

  /// Whether somebody waits for it.
  var isWaiting: Bool { began != nil }

  /// Notes that something was sent or received.
  mutating func traffic(now: Instant) { lastTraffic = now }

  /// - Parameter awaitsAnswer: whether less has come back than was sent.
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
