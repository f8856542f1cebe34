/// What a client worker does in one phase. Goals and rates are those of all client workers
/// together.
package enum ClientTask: Sendable, Equatable {
  /// Opens connections until the workers hold `goal` of them.
  case open(goal: Int, pace: Pace)
  /// One step of a search. As `open`, but the order names the goal (`Scoreboard.Command.goal`),
  /// which is never above `most`. Closes connections beyond that goal.
  case seek(most: Int, pace: Pace)
  /// Keeps the connections that it has.
  case keep
  /// Opens further connections, `rate` per second, for `span` nanoseconds. Closes each of them
  /// `lifetime` nanoseconds after it was established: with a reset, or in order with FIN.
  case churn(rate: Double, lifetime: UInt64, span: UInt64, reset: Bool)
  /// Cuts as many of the connections held as the order says (`Scoreboard.Command.goal`, here of this worker
  /// alone), and opens another one in the place of each, and of each that is lost.
  case storm(backoff: Backoff, reset: Bool)
  /// Closes all connections: with a reset, or in order with FIN.
  case close(pace: Pace, reset: Bool)

  /// Whether the task begins connections.
  var opens: Bool {
    switch self {
    case .open, .seek, .churn, .storm: true
    case .keep, .close: false
    }
  }

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// As fast as the worker's loop can.
    case unpaced
    /// Connections per second, over all workers.
    case rate(Double)
    /// Nanoseconds in which all connections are opened or closed. The plan cannot give a rate here:
    /// only the worker knows how many connections it has to open or to close when its order comes.
    case over(UInt64)

    /// Connections per second over all workers, for `Schedule.rate`; nil for `unpaced`.
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
