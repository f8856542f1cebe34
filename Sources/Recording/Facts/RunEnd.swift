/// How a run ended: the last facts of a recording.
package struct RunEnd: Sendable, Equatable {
  /// Seconds from the run's start to its end.
  package var duration: Double
  /// Whether a signal ended the run.
  package var interrupted: Bool
  /// A fault of the program, or a reason why the plan was never driven; nil when there is none.
  package var fault: String?
  package var state: RunState
  /// Nil where the run was not judged, or is not judged yet.
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
