package enum WorkerState: UInt64, Sendable {
  case starting, ready
  /// Cannot work at all, for example because its endpoint is taken; `Scoreboard.failures` says why.
  case failed
}
