/// What is added to a recording at one instant.
package struct Sample: Sendable, Equatable {
  /// Seconds since the run started.
  package var at: Double
  package var readings: [Reading]
  /// Distributions whose interval has ended since the sample before.
  package var distributions: [DistributionRecord]
  /// What was driven since the sample before.
  package var drive: [DriveRecord]
  /// The run as it stands; nil where nothing of it has changed.
  package var state: RunState?

  package init(
    at: Double, readings: [Reading], distributions: [DistributionRecord] = [],
    drive: [DriveRecord] = [], state: RunState? = nil
  ) {
    self.at = at
    self.readings = readings
    self.distributions = distributions
    self.drive = drive
    self.state = state
  }
}

/// The facts of a run that change while it goes on, each list whole.
package struct RunState: Sendable, Equatable {
  package var phases: [PhaseRecord]
  package var workers: [WorkerRecord]
  package var failures: [FailureRecord]
  package var limits: [LimitRecord]
  package var searchSteps: [SearchStep]

  package init(
    phases: [PhaseRecord] = [], workers: [WorkerRecord] = [], failures: [FailureRecord] = [],
    limits: [LimitRecord] = [], searchSteps: [SearchStep] = []
  ) {
    self.phases = phases
    self.workers = workers
    self.failures = failures
    self.limits = limits
    self.searchSteps = searchSteps
  }
}

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
