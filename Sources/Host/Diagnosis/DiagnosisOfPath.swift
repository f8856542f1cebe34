import Recording

/// Diagnoses of refused handshakes, missing routes, and connections that the peer closed or reset.
extension DiagnosisContext {
  /// Diagnoses handshakes that were refused, by a reset or by an ICMP message. A reset comes from the server's
  /// kernel where nobody listens, or from a firewall that answers in the server's name.
  func refused(_ failure: FailureRecord) -> Diagnosed {
    var evidence =
      addresses(of: failure)
      + rises(.resetsSent, .attemptFails, .unreachableReceived, .unreachableReceivedV6) + [
        Fact("held at the first failure", "\(Format.count(failure.established)) established")
      ]
    if path.mayBeLedElsewhere(failure.endpoint) {
      evidence += [
        ledElsewhere,
        Fact(
          "not told apart", "a firewall that refuses, and NAT that leads to where nobody listens"),
      ]
      return Diagnosed(.unclassified, evidence: evidence + natRules)
    }
    // The endpoint's own kernel says that nobody listens now. That decides, even if somebody listened before.
    if let endpoint = failure.endpoint, path.withoutListener.contains(endpoint) {
      return Diagnosed(
        .nobodyListens, evidence: evidence + [Fact("asked its kernel", "nobody listens")])
    }
    if let endpoint = failure.endpoint, path.restarted.contains(endpoint) {
      let reason = "nobody listened for a while, or another socket listens than did before"
      return Diagnosed(.nobodyListens, evidence: evidence + [Fact("asked its kernel", reason)])
    }
    if let listener = path.listener(at: failure.endpoint) {
      evidence += [
        Fact("somebody listens there", "so a firewall refuses in its name")
      ]
      return Diagnosed(.noRoute, evidence: evidence + facts(of: listener) + firewall)
    }
    if cameAsICMP(failure) {
      evidence += [
        Fact("refused by", "ICMP 'port unreachable': a firewall, as TCP sends none"),
        Fact(Series.Key.unreachableReceived.name, "of all that this network namespace received"),
      ]
      return Diagnosed(.noRoute, evidence: evidence + firewall)
    }
    // The clients hold at least as many connections as at the first refusal, so the server still runs.
    if !path.knows(failure.endpoint), !demand.bothEndsHere, let held = path.held,
      failure.established > 0, held >= failure.established
    {
      evidence += [
        Fact("held at the end", "\(Format.count(held)) established: the server runs"),
        Fact(
          "not told apart",
          "a firewall that refuses with a reset, and a server that has stopped listening"),
        Fact("ask its host", "nft list ruleset; ss -ltn"),
      ]
      return Diagnosed(.unclassified, evidence: evidence)
    }
    return Diagnosed(.nobodyListens, evidence: evidence)
  }

  /// Diagnoses an errno that says that there is no route to the endpoint, or that the route is forbidden.
  func noRoute(_ failure: FailureRecord) -> Diagnosed {
    var evidence = addresses(of: failure)
    if let target = address(failure.endpoint)?.ip {
      let source = address(failure.source).map { " from \($0.ip)" } ?? ""
      evidence.append(Fact("route", "ip route get \(target)\(source)"))
    }
    // No ICMP message makes `connect` return these.
    let isOwn = ["EINVAL", "EPERM"].contains(failure.errno?.name)
    if !isOwn, cameAsICMP(failure) {
      evidence += rises(.unreachableReceived, .unreachableReceivedV6, .unreachableSent)
      let own = (rise(.unreachableSent) ?? 0) >= Double(failure.count) / 2
      evidence.append(
        Fact(
          "refused by",
          own
            ? "ICMP 'unreachable' of this host itself: its firewall, or no neighbour answers"
            : "ICMP 'unreachable': a firewall or a router on the way"))
      return Diagnosed(.noRoute, evidence: evidence + droppedPackets + firewall)
    }
    switch failure.errno?.name {
    case "EINVAL":
      evidence.append(Fact("refused by", "a route of type blackhole, which says nothing else"))
    case "EACCES":
      evidence.append(Fact("refused by", "a route of type prohibit, or a policy of this host"))
    case "EPERM":
      evidence.append(
        Fact("refused by", "a rule of this host's firewall, or a policy of its control group"))
    default: break
    }
    return Diagnosed(.noRoute, evidence: evidence)
  }

  /// Whether at least half of the failures came as ICMP 'destination unreachable'. A message refuses one
  /// handshake, so there must be at least half as many messages as failures.
  ///
  /// ECONNREFUSED may also come from a reset. If there are more than twice as many messages as such failures,
  /// most messages answer other programs' datagrams, and nothing shows that any of them was for a handshake.
  /// Then the failures count as resets.
  private func cameAsICMP(_ failure: FailureRecord) -> Bool {
    let messages = (rise(.unreachableReceived) ?? 0) + (rise(.unreachableReceivedV6) ?? 0)
    let failures = Double(failure.count)
    let mayBeReset = failure.errno?.name == "ECONNREFUSED"
    return messages > 0 && messages >= failures / 2 && (!mayBeReset || messages <= 2 * failures)
  }

  /// The command that lists a firewall's rules, as evidence.
  var firewall: [Fact] { [Fact("rules that may refuse", privileged("nft list ruleset"))] }

  /// Diagnoses connections that the other side has closed or reset. A listener whose queue is full is one
  /// possible cause: with `tcp_abort_on_overflow` it resets connections that it cannot take.
  func closedByPeer(_ failure: FailureRecord) -> Diagnosed {
    var evidence =
      addresses(of: failure) + [
        Fact("closed", Format.count(failure.count)),
        Fact("held at the first failure", "\(Format.count(failure.established)) established"),
      ]
    if let held = path.held {
      evidence.append(Fact("stood at the end", "\(Format.count(held)) established"))
    }
    evidence.append(Fact("seconds into the run", String(Int(failure.firstInstant))))
    evidence += rises(.establishedResets, .resetsSent, .abortsOnMemory)
    guard failure.end == .client, failure.errno?.name == "ECONNRESET" else {
      return Diagnosed(.closedByPeer, evidence: evidence)
    }
    if let left = path.leftAtServer, 2 * left >= failure.count {
      evidence += [
        Fact("held by the server alone", "\(Format.count(left)): it has not closed them"),
        Fact("reset by", "somebody on the way, in the server's name"),
      ]
      return Diagnosed(.noRoute, evidence: evidence + firewall)
    }
    let listener = path.listener(at: failure.endpoint)
    let overflows = rise(.listenOverflows) ?? 0
    let isHere = demand.bothEndsHere
    // With both ends on this host, the host's counters decide: looks may miss a queue that was full for a moment.
    let overflown =
      isHere
      ? host.abortsOnOverflow && overflows > 0 && listener.map { ($0.drops ?? 0) > 0 } ?? true
      : listener.map { $0.isFull && ($0.drops ?? 0) > 0 } ?? false
    guard overflown else {
      guard path.serverMayClose == false, (rise(.abortsOnMemory) ?? 0) == 0 else {
        return Diagnosed(.closedByPeer, evidence: evidence)
      }
      evidence.append(Fact("the built-in server", "closes nothing of its own accord"))
      if let found = resetUnfinished(failure, evidence, listener) { return found }
      evidence.append(
        Fact("reset by", "somebody else: a firewall, or whoever destroys sockets (ss -K)"))
      return Diagnosed(.noRoute, evidence: evidence + firewall)
    }
    let setting = Fact(
      "net.ipv4.tcp_abort_on_overflow",
      (isHere ? "1" : "where the server is, 1 if this is why")
        + ": a full accept queue resets what it cannot take")
    return acceptQueue(
      failure.endpoint, [setting] + evidence + facts(of: listener) + rises(.listenOverflows),
      listener)
  }

  /// Diagnoses connections that the client took for established while the last packet of their handshake never
  /// reached the server. The server's kernel repeats its SYN-ACK, gives up, and answers later packets with a
  /// reset. With both ends here, this host's kernel has sent these resets, and the server end never had the
  /// connections. Nil where that explains fewer than half of the failures.
  private func resetUnfinished(
    _ failure: FailureRecord, _ evidence: [Fact], _ listener: PathFindings.Listener?
  ) -> Diagnosed? {
    let half = Double(failure.count) / 2
    guard demand.bothEndsHere, failure.accepted < failure.established,
      rise(.resetsSent) ?? 0 >= half, rise(.synRetransmits) ?? 0 >= half
    else { return nil }
    return lostOnTheWay(
      evidence + rises(.synRetransmits) + droppedPackets + [
        Fact(
          "reset by",
          "the kernel of this host, which had not seen the end of these handshakes")
      ], listener)
  }
}
