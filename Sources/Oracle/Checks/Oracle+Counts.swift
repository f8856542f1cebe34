import Judgement
import Plan
import Recording
import Simulation

/// No count in the recording exceeds what really happened. In a run in which nothing went wrong, none falls short.
extension Oracle {
  func checkCounts() {
    let handshakes = Int(recording.series(.handshakes)?.points.last?.value ?? 0)
    // A worker that is killed, or ended by a signal, may not have heard of every handshake. And every worker counts
    // a handshake that ended well as a failure where it could not watch the socket, or had given the handshake up, or where
    // a layer on top of TCP did not open.
    let isWhole =
      recording.workers.allSatisfy { $0.exitCode == 0 } && !recording.interrupted
      && writeError == nil
    let givenUp = recording.failures.filter {
      $0.syscall == "connect-timeout" || Self.layers.contains($0.syscall)
    }
    let mostUncounted =
      isWhole
      ? truth.failures().count {
        truth.end(ofWorker: $0.process) == .client
          && [.watch, .rewatch, .pendingError].contains($0.call)
      }
        + givenUp.reduce(0) { $0 + $1.count } : .max
    expect(
      handshakes <= truth.established && truth.established - handshakes <= mostUncounted, "counts",
      "\(handshakes) handshakes, where \(truth.established) ended well")
    expect(
      truth.miscounted == 0, "descriptors",
      "when workers ended, \(truth.miscounted) descriptors were open and not counted,"
        + " or the other way round")
    for phase in recording.phases {
      guard let start = phase.started, let end = phase.ended else { continue }
      let most = truth.most(from: start, to: end)
      // How much the other workers held at the instant of a failure is interpolated between two looks
      // of the coordinator (`HeldTrack`), and may be a little too high: by one connection per client worker.
      let overestimate = recording.failures.isEmpty ? 0 : scenario.clients
      let mostByClients = truth.mostKnown(from: start, to: end)
      expect(
        phase.established <= mostByClients + overestimate, "counts",
        "\(phase.name) has had \(phase.established), where \(mostByClients) stood at most, as far as clients knew"
      )
      checkPhantoms(of: phase, at: end)
      if phase.kind == .churn, let promise = phase.promise {
        let arrived = truth.established(from: start, to: end)
        expect(
          promise.keptCount <= arrived, "counts",
          "\(promise.keptCount) arrivals of \(phase.name) lived, and \(arrived) handshakes ended well"
        )
      }
      if let ceiling = phase.ceiling {
        let most = truth.mostAtBothEnds(from: start, to: end)
        expect(
          ceiling <= most, "counts", "\(phase.name) found \(ceiling), where \(most) stood at most")
      }
      if phase.kind == .storm {
        let before = truth.standing(at: start).atClient
        expect(most <= before, "goal", "\(phase.name) began with \(before), and \(most) stood")
      }
      if case .ramp = phase.kind, let goal = phase.goal {
        expect(
          most <= max(goal, truth.standing(at: start).atClient), "goal",
          "\(phase.name) asks for \(goal), and \(most) stood")
      }
    }
  }

  /// The phantoms of a phase are the connections that no server had accepted when it ended. Not checked where
  /// connections came or went while the phase was counted.
  private func checkPhantoms(of phase: PhaseRecord, at end: Double) {
    guard phase.kind == .ramp || phase.kind == .hold, !hasDeath(in: phase),
      phase.outcome == .done || phase.outcome == .limit,
      !truth.changes(before: end, within: slack(of: phase))
    else { return }
    let stood = truth.standing(at: end)
    expect(
      phase.phantom == stood.unaccepted, "phantoms",
      "\(phase.name) has \(phase.phantom), and \(stood.unaccepted) of \(stood.atClient) were not accepted"
        + " (\(stood.atServer) stand at the server)")
  }

  /// What must be true of a run in which nothing goes wrong.
  func checkCalm() {
    guard scenario.theme == .calm else { return }
    let outcomes = recording.phases.map { "\($0.name) \($0.outcome.rawValue)" }
    expect(
      recording.phases.allSatisfy { $0.outcome == .done }, "calm",
      "\(outcomes): \(judgement.headline)")
    // A plan may have the threshold `connections >= 10` by chance (`PlanWriter`), which a smaller goal fails. One on
    // messages fails where the phases are over before the first message is due.
    let sent = recording.messages(in: [0...recording.duration]).reduce(0) { $0 + $1[.sent] }
    let failed = judgement.thresholds.filter { !$0.passed }
    let mayFail =
      scenario.plan.mostConnections < 10
      || sent == 0 && !failed.isEmpty
        && failed.allSatisfy { $0.value == nil && $0.reason.contains("no message was sent") }
    expect(
      judgement.verdict == .passed || judgement.verdict == .failed && mayFail, "calm",
      judgement.headline)
    expect(recording.failures.isEmpty, "calm", "\(recording.failures.map(\.syscall)) failed")
    expect(recording.limits.isEmpty, "calm", "limits: \(recording.limits.map(\.resource))")
    let handshakes = Int(recording.series(.handshakes)?.points.last?.value ?? 0)
    expect(
      handshakes == truth.established, "calm",
      "\(handshakes) handshakes of \(truth.established)")
    for phase in recording.phases where phase.kind == .ramp {
      expect(phase.established == phase.goal, "calm", "\(phase.name): \(phase.established)")
    }
    expect(recording.phases.allSatisfy { $0.phantom == 0 }, "calm", "phantoms")
  }
}
