import Judgement
import Messages
import Plan
import Recording
import Simulation

/// What the recording says of somebody else's server is what that server did.
extension Oracle {
  func checkPeer() {
    guard let peer else { return }
    checkAnswers(of: peer)
    if scenario.theme == .peer { checkCause(peer) }
  }

  private func checkAnswers(of peer: SimulatedPeer) {
    let totals = recording.messages(in: [0...recording.duration])
    let wrong = totals.map { $0[.wrong] }.reduce(0, +)
    switch peer.manner {
    case .answersWrongly:
      expect(
        wrong <= peer.wrongAnswers, "peer",
        "\(wrong) wrong answers, and the server has sent \(peer.wrongAnswers)")
      let unheard = peer.wrongAnswers - wrong
      let late = totals.map { $0.lost - $0[.wrong] }.reduce(0, +)
      expect(
        unheard <= late, "peer",
        "\(wrong) wrong answers of \(peer.wrongAnswers), and only \(late) were not heard")
    case .capped(_, .complains):
      // A client may have begun a message before the complaint came. It then takes the complaint for the answer.
      expect(
        wrong <= peer.complaints, "peer",
        "\(wrong) wrong answers, and the server has complained \(peer.complaints) times")
    case .speaksFirst: break
    case .speaks(let speech):
      // Babble may be taken for an answer, and so may what follows a close.
      expect(
        wrong <= peer.refusals, "peer",
        "\(wrong) wrong answers, and the server has refused \(peer.refusals) times")
      if speech.refusal == nil, isPaced {
        let lost = totals.map(\.lost).reduce(0, +)
        expect(lost == 0, "peer", "\(lost) messages were lost, and the server has answered all")
      }
    case .echoes where isPaced && scenario.events.isEmpty:
      let lost = totals.map(\.lost).reduce(0, +)
      expect(lost == 0, "peer", "\(lost) messages were lost, and the server has answered all")
    default: expect(wrong == 0, "peer", "\(wrong) wrong answers, and the server has sent none")
    }
    // On a machine that was suspended any answer may be late.
    if case .leavesOut = peer.manner, scenario.events.isEmpty {
      // With a text that is always the same, each answer is taken for that of an older message once one was left
      // out (docs/plan-language.md). So all later answers look late, and the last one looks missing.
      if scenario.plan.patterns.allSatisfy(\.template.differsByMessage) {
        let missing = totals.map { $0[.missing] }.reduce(0, +)
        expect(
          missing <= peer.omittedAnswers, "peer",
          "\(missing) answers are missing, and the server has left out \(peer.omittedAnswers)")
      }
      let lost = totals.map(\.lost).reduce(0, +)
      expect(
        peer.omittedAnswers <= lost || judgement.verdict == .interrupted, "peer",
        "\(lost) messages were lost, and the server has left out \(peer.omittedAnswers) answers")
    }
  }

  /// Whether connections have an opening of their own on top of TCP.
  var isLayered: Bool {
    switch scenario.plan.protocol {
    case .raw, .http: scenario.plan.tls != nil
    case .webSocket, .mqtt: true
    }
  }

  /// Every limit in the recording is one that this server can cause.
  private func checkCause(_ peer: SimulatedPeer) {
    let possible: Set<Resource> =
      switch peer.manner {
      // No opening is answered.
      case .neverReads where isLayered: [.unclassified]
      case .echoes, .neverReads, .answersWrongly, .leavesOut, .answersLate, .speaksFirst: []
      case .neverListens: [.nobodyListens]
      case .neverAccepts, .capped(_, .stopsAccepting): [.acceptQueue]
      case .closes, .capped(_, .closes), .capped(_, .resets), .capped(_, .complains):
        isLayered ? [.refusedByPeer, .closedByPeer] : [.closedByPeer]
      case .answersAndCloses, .closesIdle: [.closedByPeer]
      case .speaks(let speech): resources(of: speech)
      }
    // On a machine that was suspended a churn begins connections too late: that limit is unclassified.
    let isSuspended = !scenario.events.isEmpty
    for limit in recording.limits where !isSuspended || limit.resource != .unclassified {
      expect(
        possible.contains(limit.resource), "peer",
        "\(limit.cause) in \(limit.phase), though the server \(peer.manner)")
    }
  }
}
