/// The facts of a run that change while the run goes on. Each list has all entries so far, not only new ones.
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
