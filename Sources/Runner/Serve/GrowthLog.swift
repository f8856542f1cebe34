import Recording

/// The connections that a server holds at one instant, and those that it has accepted and that
/// clients have closed since it started.
struct ServerCounts: Equatable {
  var held = 0
  var accepted = 0
  var closed = 0
}

/// When to say how many connections there are: at every round number on the way up, and at other
/// changes at most once per second.
struct GrowthLog {
  /// Seconds.
  private static let interval = 1.0

  private var lastPrinted = ServerCounts()
  /// When to print the next change, in seconds since the server started.
  private var nextPrint = 0.0
  /// The next round number: 1,000, 2,000, 5,000, 10,000 and so on.
  private var milestone = 1000

  /// The line to print now; nil when there is nothing to say.
  ///
  /// - Parameter elapsed: seconds since the server started.
  mutating func line(_ counts: ServerCounts, elapsed: Double) -> String? {
    guard counts != lastPrinted else { return nil }
    let isRound = counts.held >= milestone
    while counts.held >= milestone { milestone = Self.roundNumber(after: milestone) }
    guard isRound || elapsed >= nextPrint else { return nil }
    lastPrinted = counts
    nextPrint = elapsed + Self.interval
    let word = counts.held == 1 ? "connection" : "connections"
    return "[\(Self.clock(elapsed))] \(Format.count(counts.held)) \(word), "
      + "\(Format.count(counts.accepted)) accepted, \(Format.count(counts.closed)) closed"
  }

  private static func roundNumber(after number: Int) -> Int {
    // A leading 2 is followed by 5; a leading 1 or 5 is doubled.
    var leading = number
    while leading >= 10 { leading /= 10 }
    return leading == 2 ? number / 2 * 5 : number * 2
  }

  private static func clock(_ elapsed: Double) -> String {
    let seconds = Int(elapsed)
    return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
  }
}
