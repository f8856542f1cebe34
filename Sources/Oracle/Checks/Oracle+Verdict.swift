import Judgement
import Linux
import Plan
import Recording
import Simulation

/// The verdict agrees with the table in docs/verdict.md, "The order", and the exit code is the verdict's.
extension Oracle {
  func checkVerdict() {
    if writeError != nil {
      expect(scenario.pages != nil, "disk", "the recording was lost, and the disk had room")
      expect(
        judgement.verdict == .error && judgement.exitCode == ExitStatus.notWritten, "disk",
        "\(judgement.verdict) \(judgement.exitCode), though the recording lacks its end")
      return
    }
    let codes: [Verdict: Int32] = [
      .passed: 0, .failed: 99, .limit: 100, .interrupted: 105,
      .error: judgement.hasTestedNothing ? 104 : 1,
    ]
    expect(
      codes[judgement.verdict] == judgement.exitCode, "exit",
      "\(judgement.verdict) ends with \(judgement.exitCode)")
    let broken = recording.phases.filter { $0.outcome == .limit }
    switch judgement.verdict {
    case .passed:
      expect(
        broken.isEmpty || scenario.plan.expectedLimit != nil, "verdict",
        "passed, though \(broken.map(\.name)) broke their promise")
      expect(
        judgement.thresholds.allSatisfy(\.passed), "verdict", "passed, though a threshold failed")
    case .limit:
      // A worker may die after the last phase. That is a limit, though no phase has broken its promise.
      expect(
        !broken.isEmpty || judgement.limit?.resource == .workerDied, "verdict",
        "a limit, and no phase broke its promise")
      expect(judgement.limit != nil, "verdict", "a limit, and none is named")
    case .failed:
      expect(
        recording.phases.contains { $0.outcome == .aborted }
          || !judgement.thresholds.allSatisfy(\.passed)
          || scenario.plan.expectedLimit != nil, "verdict", "failed, and nothing did")
    case .error where judgement.hasTestedNothing:
      expect(
        truth.established == 0, "verdict",
        "nothing was tested, and \(truth.established) connections stood")
    case .interrupted, .error: break
    }
    checkSignals()
    checkPolicy()
    checkExpectation()
    // A run ends: every wait has a bound.
    expect(recording.duration < Self.longestRun, "end", "it took \(recording.duration) s")
  }

  /// Seconds. The longest plan takes a minute by itself. But each of its phases, and each step of a search, may
  /// wait for handshakes that time out four times, after 10 s each.
  private static var longestRun: Double { 2000 }

  /// After a limit the phases go on as `on-limit` says.
  private func checkPolicy() {
    guard let broken = recording.phases.firstIndex(where: { $0.outcome == .limit }) else { return }
    for phase in recording.phases[(broken + 1)...] where phase.outcome != .skipped {
      let mayRun =
        switch scenario.plan.onLimit {
        case .hold: true
        case .stop: phase.kind.closes
        case .fail: false
        }
      expect(
        mayRun, "policy",
        "\(phase.name) is \(phase.outcome.rawValue) after \(recording.phases[broken].name) broke its"
          + " promise, with on-limit \(scenario.plan.onLimit.rawValue)")
    }
  }

  /// A run that passes because its plan expects a limit has met that limit.
  private func checkExpectation() {
    guard let expected = scenario.plan.expectedLimit, judgement.verdict == .passed else { return }
    guard let limit = judgement.limit else {
      return expect(false, "expectation", "passed, and no limit was met")
    }
    expect(
      expected.resource.map { $0 == limit.resource } ?? true
        && expected.end.map { $0 == limit.end } ?? true, "expectation",
      "passed by \(limit.cause)")
  }

  /// An interrupted run has had a signal. A signal before the end of the last phase interrupts a run.
  private func checkSignals() {
    let signals = scenario.events.filter { if case .signal = $0.kind { true } else { false } }
    let first = signals.map { Double($0.at.nanoseconds) / 1e9 }.min()
    if judgement.verdict == .interrupted {
      expect(first != nil, "signal", "interrupted, and no signal came")
    } else if let first, judgement.verdict != .error {
      // A signal that comes while the workers are being ended asks for what is done anyway.
      let last = recording.phases.compactMap(\.ended).max() ?? 0
      expect(
        first >= last, "signal", "a signal at \(first) s is not said; phases ended at \(last) s")
    }
  }
}
