/// How a run ended: the last facts of a recording.
package struct RunEnd: Sendable, Equatable {
  /// Seconds from start to end.
  package var duration: Double
  package var interrupted: Bool
  /// A fault of the program, or a reason why the plan was never driven; nil when there is none.
  package var fault: String?
  package var state: RunState
  package var verdict: Verdict?
  package var thresholds: [ThresholdResult]
  /// Nil for a run that was no replay.
  package var replay: ReplayRecord?

  package init(
    duration: Double, interrupted: Bool = false, fault: String? = nil, state: RunState,
    verdict: Verdict? = nil, thresholds: [ThresholdResult] = [], replay: ReplayRecord? = nil
  ) {
    self.duration = duration
    self.interrupted = interrupted
    self.fault = fault
    self.state = state
    self.verdict = verdict
    self.thresholds = thresholds
    self.replay = replay
  }
}
