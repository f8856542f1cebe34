import Judgement
import Plan
import Recording

/// No count is more than there was, and none of a run in which nothing went wrong is less.
extension Oracle {
  func checkCounts() {
    let handshakes = Int(recording.series(.handshakes)?.points.last?.value ?? 0)
    expect(
      handshakes <= truth.established, "counts",
      "\(handshakes) handshakes, where \(truth.established) ended well")
    for phase in recording.phases {
      guard let start = phase.started, let end = phase.ended else { continue }
      let most = truth.most(from: start, to: end)
      expect(
        phase.established <= most, "counts",
        "\(phase.name) has had \(phase.established), where \(most) stood at most")
      if case .ramp = phase.kind, let goal = phase.goal {
        expect(
          most <= max(goal, truth.standing(at: start).atClient), "goal",
          "\(phase.name) asks for \(goal), and \(most) stood")
      }
    }
  }

  /// What is to be true where nothing goes wrong.
  func checkCalm() {
    guard scenario.theme == .calm else { return }
    let outcomes = recording.phases.map { "\($0.name) \($0.outcome.rawValue)" }
    expect(
      recording.phases.allSatisfy { $0.outcome == .done }, "calm",
      "\(outcomes): \(judgement.headline)")
    let few = scenario.plan.goal < 10
    expect(
      judgement.verdict == .passed || judgement.verdict == .failed && few, "calm",
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
