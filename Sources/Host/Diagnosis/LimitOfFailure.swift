package import Recording

extension LimitRecord {
  /// The limit that a failure amounts to, with the cause that was found for it.
  ///
  /// - Parameters:
  ///   - planLine: the line of the phase in the plan.
  ///   - predicted: connections that the prediction named before the run.
  package init(
    _ failure: FailureRecord, _ found: Diagnosed, planLine: Int, predicted: Int? = nil
  ) {
    let again =
      failure.retried > 0
      ? [Fact("tried again", "\(Format.count(failure.retried)) handshakes beside these")] : []
    self.init(
      end: failure.end, worker: failure.worker, phase: failure.phase, planLine: planLine,
      syscall: failure.syscall, errno: failure.errno, resource: found.resource,
      count: failure.finalCount, firstInstant: failure.firstInstant, stoppedAt: failure.stoppedAt,
      established: failure.established, accepted: failure.accepted, source: failure.source,
      endpoint: failure.endpoint, knob: found.knob, now: found.now, needed: found.needed,
      fix: found.fix, predicted: predicted, evidence: found.evidence + again)
  }
}
