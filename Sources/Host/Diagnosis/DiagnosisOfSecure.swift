import Recording

/// Handshakes of TLS: TCP's were over, so queues and the way are no reason.
extension DiagnosisContext {
  /// An end has said no. What it said is kept by the worker, and is evidence as well.
  func refusedOnTopOfTCP(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(.refusedByPeer, evidence: addresses(of: failure) + [refused(failure)])
  }

  /// Nobody has said anything that could be told apart.
  func secureTimeout(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(
      .unclassified,
      evidence: addresses(of: failure) + [
        Fact("TCP's handshake", "over"),
        Fact("TLS's handshake", "not over when the plan's connect-timeout was"),
      ])
  }

  private func refused(_ failure: FailureRecord) -> Fact {
    Fact("TLS handshakes refused", Format.count(failure.finalCount))
  }
}
