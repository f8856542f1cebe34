import Recording
import WorkerLog

/// What comes on top of TCP: handshakes of TLS, openings of WebSockets. The client's kernel says that TCP's handshakes
/// were over; the server's may not have seen their end.
extension DiagnosisContext {
  /// An end has said no. What it said is kept by the worker, and is evidence as well.
  func refusedOnTopOfTCP(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(.refusedByPeer, evidence: addresses(of: failure) + [refused(failure)])
  }

  /// A reset in mid-handshake, and no word. It has the causes that any reset has: a queue, somebody on the way, the
  /// peer. The peer has refused then: nothing ever stood on top of TCP that it could have closed.
  func brokenOffOnTopOfTCP(_ failure: FailureRecord) -> Diagnosed {
    var found = closedByPeer(failure)
    found.evidence.append(
      isWebSocket(failure)
        ? Fact("the WebSocket", "broken off before it was open")
        : Fact("TLS's handshake", "broken off without an alert"))
    guard found.resource == .closedByPeer else { return found }
    found.resource = .refusedByPeer
    found.evidence.append(refused(failure))
    return found
  }

  /// The opening of a layer was not answered in time, or a ping was not.
  ///
  /// What ends TCP's handshake is dropped where the accept queue is full. The client's kernel does not notice:
  /// it says that the connection stands, and sends what TLS begins with again and again. So it does for a
  /// connection that waits in a queue which nobody empties. Plain connections are phantoms then.
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
    // A client that gives up leaves its connection in the queue.
    let waiting = path.listeners.values.sum(\.waitingAtLastLook)
    if listener.waitingAtLastLook > 0, 2 * waiting >= failure.count {
      // No setting is named: a longer queue would only hold more of them.
      return Diagnosed(.acceptQueue, evidence: evidence + [stateOfQueue])
    }
    // Looks may miss a queue that was full for a moment.
    let overflown = listener.isFull || listener.drops != nil && (rise(.listenOverflows) ?? 0) > 0
    if overflown, dropsExplain(failure, at: listener) {
      return acceptQueue(failure.endpoint, evidence, listener)
    }
    return unanswered(evidence)
  }

  private func opening(of failure: FailureRecord) -> [Fact] {
    guard !isWebSocket(failure) else {
      return [
        Fact("what the WebSocket stands on", "open, as this host's kernel has it"),
        Fact(
          "the WebSocket",
          "not open when the plan's connect-timeout was over, or a ping without an answer"),
      ]
    }
    return [
      Fact("TCP's handshake", "over, as this host's kernel has it"),
      Fact("TLS's handshake", "not over when the plan's connect-timeout was"),
    ]
  }

  private func isWebSocket(_ failure: FailureRecord) -> Bool {
    failure.syscall == FailedCall.webSocket.name
  }

  /// No queue explains that there was no answer: the answer may have come, and a run that lacks processors has
  /// not read it.
  private func unanswered(_ evidence: [Fact]) -> Diagnosed {
    Diagnosed(processors?.wereShort == true ? .cpu : .unclassified, evidence: evidence)
  }

  /// Nothing is known of the listener but the counters of this host, if it is here.
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
      isWebSocket(failure) ? "WebSockets refused or given up" : "TLS refused or given up",
      Format.count(failure.finalCount))
  }
}
