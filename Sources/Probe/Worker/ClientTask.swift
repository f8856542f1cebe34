/// What a client worker does in one phase. Goals and rates are those of all workers together.
package enum ClientTask: Sendable, Equatable {
  /// Opens connections until `goal` are held.
  case open(goal: Int, pace: Pace)
  /// As `open`, with a goal that only the order names (`Scoreboard.Command.goal`), up to `most`.
  /// Connections beyond that goal are closed.
  case seek(most: Int, pace: Pace)
  /// Keeps the connections that it has.
  case keep
  /// Opens connections on top of the ones that are held, at `rate` per second over all workers for
  /// `span` nanoseconds, and closes each one `lifetime` nanoseconds after it was established.
  case churn(rate: Double, lifetime: UInt64, span: UInt64, reset: Bool)
  /// Closes all connections; with a reset, or in order with FIN.
  case close(pace: Pace, reset: Bool)

  /// Whether the task begins connections.
  var opens: Bool {
    switch self {
    case .open, .seek, .churn: true
    case .keep, .close: false
    }
  }

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// As fast as the loop comes to them.
    case unpaced
    /// Connections per second, over all workers.
    case rate(Double)
    /// Nanoseconds that all connections together take. Only the worker knows how many it has to
    /// open or to close when its order comes.
    case over(UInt64)

    /// Connections per second over all workers, as `Schedule` wants it; nil without a pace.
    ///
    /// - Parameter own: how many connections this worker has to open or to close.
    func rate(own: Int, of share: WorkerShare) -> Double? {
      switch self {
      case .unpaced: nil
      case .rate(let rate): rate
      case .over(let span): Double(own) * Double(share.count) / (Double(max(1, span)) / 1e9)
      }
    }
  }
}
