import Recording
import WorkerLog

/// Diagnoses of the layers on top of TCP: handshakes of TLS, openings of WebSockets and of MQTT. TCP's own handshake is over by
/// then for the client's kernel. The server's kernel may not have seen its end.
extension DiagnosisContext {
  /// Diagnoses a handshake that an end has refused. The worker keeps the refusal's words, and the coordinator adds
  /// them to the evidence.
  func refusedOnTopOfTCP(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(.refusedByPeer, evidence: addresses(of: failure) + [refused(failure)])
  }

  /// Diagnoses a handshake that a reset or a close broke off without a word. Its causes are those of any reset: a
  /// queue, somebody on the way, the peer. If it was the peer, the cause is `refusedByPeer`, not `closedByPeer`:
  /// nothing ever stood on top of TCP that the peer could have closed.
  func brokenOffOnTopOfTCP(_ failure: FailureRecord) -> Diagnosed {
    var found = closedByPeer(failure)
    found.evidence.append(
      session(of: failure).map { Fact("the \($0)", "broken off before it was open") }
        ?? Fact("TLS's handshake", "broken off without an alert"))
    guard found.resource == .closedByPeer else { return found }
    found.resource = .refusedByPeer
    found.evidence.append(refused(failure))
    return found
  }

  /// Diagnoses a layer whose opening was not answered in time, or a ping without an answer in time.
  ///
  /// Where the accept queue is full, the server's kernel drops the packet that ends TCP's handshake. The client's
  /// kernel does not notice: it says that the connection stands, and sends the first bytes of TLS again and again.
  /// It does the same for a connection that waits in a queue which nobody empties. In both cases a connection
  /// without TLS would be a phantom.
  func layerTimeout(_ failure: FailureRecord) -> Diagnosed {
    let listener = path.listener(at: failure.endpoint)
    let evidence =
      addresses(of: failure) + opening(of: failure) + facts(of: listener)
      + rises(.listenOverflows, .listenDrops, .synRetransmits)
      + [Fact](known: ["processors": processors?.words])
    if path.mayBeLedElsewhere(failure.endpoint) {
      return Diagnosed(.unclassified, evidence: evidence + [ledElsewhere] + natRules)
    }
    guard let listener else { return layerTimeoutByCounters(failure, evidence) }
    // A connection whose client has given up stays in the queue, so it still counts here.
    let waiting = path.listeners.values.sum(\.waitingAtLastLook)
    if listener.waitingAtLastLook > 0, 2 * waiting >= failure.count {
      // No setting is named: a longer queue would only hold more of them.
      return Diagnosed(.acceptQueue, evidence: evidence + [stateOfQueue])
    }
    // Looks may miss a queue that was full for a moment; the counters do not.
    let overflown = listener.isFull || listener.drops != nil && (rise(.listenOverflows) ?? 0) > 0
    if overflown, dropsExplain(failure, at: listener) {
      return acceptQueue(failure.endpoint, evidence, listener)
    }
    return unanswered(evidence)
  }

  /// How far the opening had come, as evidence.
  private func opening(of failure: FailureRecord) -> [Fact] {
    if let session = session(of: failure) {
      let question = failure.syscall == FailedCall.mqtt.name ? "PINGREQ" : "ping"
      return [
        Fact("what the \(session) stands on", "open, as this host's kernel has it"),
        Fact(
          "the \(session)",
          "not open when the plan's connect-timeout was over, or a \(question) without an answer"),
      ]
    }
    return [
      Fact("TCP's handshake", "over, as this host's kernel has it"),
      Fact("TLS's handshake", "not over when the plan's connect-timeout was"),
    ]
  }

  /// What a protocol calls its connection; nil where TLS has failed.
  private func session(of failure: FailureRecord) -> String? {
    switch failure.syscall {
    case FailedCall.webSocket.name: "WebSocket"
    case FailedCall.mqtt.name: "connection of MQTT"
    default: nil
    }
  }

  /// Diagnoses a missing answer that no queue explains. Where the run lacked processor time, the answer may have
  /// come and not been read.
  private func unanswered(_ evidence: [Fact]) -> Diagnosed {
    Diagnosed(processors?.wereShort == true ? .cpu : .unclassified, evidence: evidence)
  }

  /// Diagnoses where the listener's kernel cannot be asked: by the counters of this host, if the server is on it.
  private func layerTimeoutByCounters(_ failure: FailureRecord, _ evidence: [Fact]) -> Diagnosed {
    guard demand.bothEndsHere else {
      let untold = Fact(
        "not told apart", "its accept queue, a server that does not accept, and one that is slow")
      return unanswered(evidence + [untold])
    }
    guard 2 * (rise(.listenOverflows) ?? 0) >= Double(failure.count) else {
      return unanswered(evidence)
    }
    return acceptQueue(failure.endpoint, evidence + [ofWholeNamespace])
  }

  private func refused(_ failure: FailureRecord) -> Fact {
    Fact(
      failure.syscall == FailedCall.mqtt.name
        ? "connections of MQTT refused or given up"
        : failure.syscall == FailedCall.webSocket.name
          ? "WebSockets refused or given up" : "TLS refused or given up",
      Format.count(failure.finalCount))
  }
}
