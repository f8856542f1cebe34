/// How connections that were lost or cut come back: others are opened in their place.
package struct Reconnect: Sendable, Equatable {
  /// How a wait is drawn from the backoff.
  package enum Jitter: String, Sendable, CaseIterable {
    /// Any time from none to the backoff.
    case full
    /// The backoff itself.
    case none
  }

  /// The backoff before the first attempt. Each unsuccessful attempt in a row doubles it.
  package var first: Duration
  /// The longest backoff.
  package var last: Duration
  package var jitter: Jitter

  package init(
    first: Duration = .seconds(1), last: Duration = .seconds(30), jitter: Jitter = .full
  ) {
    self.first = first
    self.last = last
    self.jitter = jitter
  }

  /// "backoff: 1s..30s, jitter: full".
  var yaml: String { "backoff: \(first.yaml)..\(last.yaml), jitter: \(jitter.rawValue)" }

  func driven(at speed: Double) -> Reconnect {
    Reconnect(first: first / speed, last: last / speed, jitter: jitter)
  }
}
