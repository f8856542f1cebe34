/// Where a worker stands; the value of `Counter.state`.
package enum WorkerState: UInt64, Sendable {
  case starting, ready
  /// The worker cannot work, or cannot go on, for example because its endpoint is taken. Its
  /// `Scoreboard.failures` say why.
  case failed
}
