import Judgement
import Recording
import Simulation

/// What the recording says of refusals in a protocol is what somebody else's server said there.
extension Oracle {
  /// The resources of limits that a server can cause by what it says.
  func resources(of speech: Speech) -> Set<Resource> {
    switch (speech.tongue, speech.refusal) {
    case (_, nil): []
    // A refused request is a wrong answer; then the server closes.
    case (.http, _): [.closedByPeer]
    // 3.1.1 has no words with which a server ends a session: it closes.
    case (.mqtt, .ends): [.closedByPeer]
    case (_, .ignoresPings): [.unclassified]
    case (_, .answers), (_, .ends), (_, .babbles): [.refusedByPeer]
    }
  }

  func checkSpeech() {
    guard let peer, case .speaks(let speech) = peer.manner else { return }
    let said = recording.failures.filter {
      $0.syscall == speech.tongue.syscall && $0.errno?.name == "EPROTO"
    }
    let count = said.reduce(0) { $0 + $1.count }
    expect(
      count <= peer.refusals, "refusals",
      "\(count) refusals are recorded, and the server has refused \(peer.refusals)")
    for limit in recording.limits where limit.syscall == speech.tongue.syscall {
      check(limit, speech)
    }
    checkRefusalAim(peer)
  }

  /// The limit says what the server has said.
  private func check(_ limit: LimitRecord, _ speech: Speech) {
    guard let refusal = speech.refusal else { return }
    switch refusal {
    case .ignoresPings:
      expect(
        limit.errno?.name == "ETIMEDOUT", "refusals", "\(limit.cause), and no ping was answered")
      guard limit.isSilence else { return }
      expect(limit.end == .server, "refusals", "\(limit.cause), and the server was silent")
      expect(
        limit.missing?.hasPrefix("no ") == true, "refusals",
        "\(limit.cause) does not say what has not come")
    case .answers, .ends, .babbles:
      expect(limit.end == .server, "refusals", "\(limit.cause), and the server has refused")
      expect(
        limit.errno?.name == "EPROTO", "refusals", "\(limit.cause), and the server has refused")
      let words = RefusalAim(tongue: speech.tongue, refusal: refusal, kind: .ramp).words
      if let words {
        expect(
          limit.said?.hasPrefix(words) == true, "refusals",
          "\(limit.cause), and the server has said \(words)")
      }
    }
  }

  /// The refusal that the scenario aims at is met in its phase, and decides.
  private func checkRefusalAim(_ peer: SimulatedPeer) {
    guard let aim = scenario.refusal else { return }
    expect(peer.refusals > 0, "aim", "\(aim) was to be met, and the server has refused nobody")
    guard aim.tongue != .http else {
      let wrong = recording.messages(in: [0...recording.duration]).reduce(0) { $0 + $1[.wrong] }
      return expect(wrong > 0, "aim", "\(aim) was to be met, and no answer was wrong")
    }
    expect(
      scenario.refusalsMet(recording).contains(aim), "aim",
      "\(recording.limits.map(\.cause)), though \(aim) was to be met")
    // A search is meant to meet limits.
    guard aim.kind != .search, recording.limits.first?.phase == recording.phase(of: aim)?.name
    else {
      return
    }
    expect(
      judgement.verdict == .limit && judgement.limit?.syscall == aim.tongue.syscall, "aim",
      "\(judgement.headline), though \(aim) was to stop it")
    if let words = aim.words {
      expect(
        judgement.headline.contains(words), "aim",
        "\"\(judgement.headline)\" does not say \(words)")
    }
  }
}

extension Scenario {
  /// The refusals of somebody else's server that a recording has limits of, each with the kind of its phase. HTTP's
  /// are wrong answers, and those of its aim.
  func refusalsMet(_ recording: Recording) -> Set<RefusalAim> {
    guard case .speaks(let speech) = peer, let refusal = speech.refusal else { return [] }
    if speech.tongue == .http {
      let wrong = recording.messages(in: [0...recording.duration]).reduce(0) { $0 + $1[.wrong] }
      return wrong > 0 ? [RefusalAim(tongue: .http, refusal: refusal, kind: .hold)] : []
    }
    let kinds = recording.limits.filter { $0.syscall == speech.tongue.syscall }.compactMap {
      limit in
      recording.phases.first { $0.name == limit.phase }?.kind
    }
    return Set(kinds.map { RefusalAim(tongue: speech.tongue, refusal: refusal, kind: $0) })
  }
}

extension Recording {
  /// The first phase of the aim's kind.
  fileprivate func phase(of aim: RefusalAim) -> PhaseRecord? {
    phases.first { $0.kind == aim.kind }
  }
}

extension Speech.Tongue {
  /// The name of the call that failures of the protocol are recorded as; of HTTP there is none.
  var syscall: String? {
    switch self {
    case .http: nil
    case .webSocket: "websocket"
    case .mqtt, .mqtt5: "mqtt"
    }
  }
}
