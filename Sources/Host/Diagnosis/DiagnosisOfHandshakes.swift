import Recording

/// Diagnoses of handshakes that get no answer: full queues, dropped packets, and causes that cannot be told apart
/// from this host.
extension DiagnosisContext {
  /// The fewest dropped packets that mean something: a machine may drop one or two now and then.
  private static let leastDrops = 3
  /// The longest accept queue or SYN queue that a diagnosis asks for.
  private static let longestQueue = 65_535

  /// Diagnoses handshakes that timed out. The listener's own kernel tells what the listener dropped. The
  /// tracepoint skb:kfree_skb tells why the kernel dropped packets that did not get there. The counters of the
  /// network namespace are the last resort: another program's listener moves them as well.
  func connectTimeout(_ failure: FailureRecord) -> Diagnosed {
    let evidence =
      addresses(of: failure) + facts(of: path.listener(at: failure.endpoint)) + unanswered
      + droppedPackets
      + rises(
        .listenOverflows, .listenDrops, .requestQueueFull, .requestQueueCookies, .cookiesSent,
        .synRetransmits, .timeouts, .backlogDrops)
    let listener = path.listener(at: failure.endpoint)
    if let found = conntrack(evidence) { return found }
    if path.mayBeLedElsewhere(failure.endpoint) {
      return droppedForAReason(evidence, nil)
        ?? Diagnosed(
          .unclassified,
          evidence: evidence + [
            ledElsewhere,
            Fact("not told apart", "an accept queue where NAT leads, a firewall, and loss"),
          ] + natRules)
    }
    if let listener, listener.isFullWhileUnanswered, dropsExplain(failure, at: listener) {
      return dropped(by: listener, failure, evidence)
    }
    if let found = droppedForAReason(evidence, listener) { return found }
    if let listener, listener.drops != nil {
      return dropsExplain(failure, at: listener)
        ? dropped(by: listener, failure, evidence) : droppedOnTheWay(evidence)
    }
    if path.withoutListener.contains(failure.endpoint ?? "") { return droppedOnTheWay(evidence) }
    guard demand.bothEndsHere else { return noAnswer(evidence) }
    return diagnoseByCounters(failure, evidence)
  }

  // MARK: The listener

  /// Whether drops at the listeners explain a failure: this listener has dropped packets, and all listeners
  /// together have dropped at least half as many as handshakes failed. A handshake that is dropped at a
  /// listener counts once per try, so at least once. True where the listener's kernel does not say.
  func dropsExplain(
    _ failure: FailureRecord, at listener: PathFindings.Listener
  ) -> Bool {
    guard let drops = listener.drops else { return true }
    return drops > 0 && 2 * path.listeners.values.sum { $0.drops ?? 0 } >= failure.count
  }

  /// Diagnoses why a listener has dropped handshakes: its accept queue was full, its SYN queue was full, or it
  /// had no memory.
  private func dropped(
    by listener: PathFindings.Listener, _ failure: FailureRecord, _ evidence: [Fact]
  ) -> Diagnosed {
    let overflows = rise(.listenOverflows) ?? 0
    let requestDrops = rise(.requestQueueFull) ?? 0
    if listener.isFull || (overflows > 0 && requestDrops == 0) {
      return acceptQueue(failure.endpoint, evidence, listener)
    }
    if overflows == 0 { return synQueue(requestDrops, evidence, listener) }
    return Diagnosed(
      .unclassified,
      evidence: evidence + [
        Fact("not told apart", "a full accept queue and a full SYN queue, of one listener or two")
      ])
  }

  /// Diagnoses a full SYN queue, which holds unfinished handshakes. Without SYN cookies `tcp_conn_request` drops
  /// a SYN in two cases: where the unfinished handshakes are as many as the listener's backlog, which
  /// TCPReqQFullDrop counts, and where they leave less than a quarter of `tcp_max_syn_backlog` free, which only
  /// ListenDrops counts.
  ///
  /// - Parameter requestDrops: by how much TCPReqQFullDrop rose.
  private func synQueue(
    _ requestDrops: Double, _ evidence: [Fact], _ listener: PathFindings.Listener?
  ) -> Diagnosed {
    guard requestDrops > 0 || host.sendsCookies == false else {
      return Diagnosed(
        .unclassified,
        evidence: evidence + [
          Fact(
            "dropped", "by a listener that had room in both of its queues: no memory, or no route")
        ])
    }
    var found = Diagnosed(.packetsDropped, evidence: evidence)
    if requestDrops > 0 {
      let length = listener?.backlog ?? demand.backlog.map { min($0, host.somaxconn ?? $0) }
      let ofLength = length.map { " (\(Format.count($0)))" } ?? ""
      found.evidence.append(
        Fact("SYN queue", "full: as long as the listener's backlog\(ofLength), and no SYN cookies"))
    } else {
      found.evidence.append(
        Fact("SYN queue", "full: three quarters of tcp_max_syn_backlog, and no SYN cookies"))
      if let now = host.synBacklog {
        let needed = Capacity.withHeadroom(max(2 * now, min(demand.goal, Self.longestQueue)))
        found.evidence.append(
          Fact("or", privileged("sysctl -w net.ipv4.tcp_max_syn_backlog=\(needed)")))
      }
    }
    let change = SettingChange(.sysctl, "net.ipv4.tcp_syncookies", from: 0, to: 1)
    found.knob = change.setting
    (found.now, found.needed) = (0, 1)
    found.fix = privileged(change.command)
    return found
  }

  /// Diagnoses a full accept queue. `listen` takes the smaller of its backlog and `net.core.somaxconn`
  /// (listen(2)). A queue with room for all connections of an endpoint cannot overflow.
  func acceptQueue(
    _ endpoint: String?, _ evidence: [Fact], _ listener: PathFindings.Listener? = nil
  ) -> Diagnosed {
    let somaxconn = host.somaxconn ?? 4096
    guard let backlog = demand.backlog else {
      // The server is someone else's: only its own configuration can raise its backlog.
      var found = Diagnosed(
        .acceptQueue, knob: "the server's backlog", now: listener?.backlog,
        evidence: evidence + [Fact("net.core.somaxconn", Format.count(somaxconn))])
      if listener == nil {
        let port = address(endpoint)?.port.map { " 'sport = :\($0)'" } ?? ""
        found.evidence.append(Fact("its backlog, as Send-Q", "ss -ltn\(port)"))
      }
      return found
    }
    let now = min(backlog, somaxconn)
    var found = Diagnosed(
      .acceptQueue, knob: backlog < somaxconn ? "server.backlog" : "net.core.somaxconn", now: now,
      evidence: evidence + [
        Fact("net.core.somaxconn", Format.count(somaxconn)),
        Fact("server.backlog", Format.count(backlog)),
      ])
    guard now < Self.longestQueue else { return found }
    let perEndpoint = Capacity.divideUp(demand.goal, demand.endpoints)
    let needed = min(Self.longestQueue, max(perEndpoint, 2 * now))
    found.needed = needed
    guard somaxconn < needed else { return found }
    let change = SettingChange(.sysctl, "net.core.somaxconn", from: somaxconn, to: needed)
    // Both settings have to be raised, and the command raises only the sysctl.
    let plan = backlog < needed ? "  # and in the plan: server: {backlog: \(needed)}" : ""
    found.fix = change.command(as: host) + plan
    return found
  }

  /// What is known of a listener's queue and drops, as evidence.
  func facts(of listener: PathFindings.Listener?) -> [Fact] {
    guard let listener else { return [] }
    var facts = [
      Fact(
        "waiting to be accepted",
        "\(Format.count(listener.mostWaiting)), backlog \(Format.count(listener.backlog))")
    ]
    if listener.sockets.count > 1, listener.isFull {
      let sockets = Format.count(listener.sockets.count)
      facts.append(Fact("full", "the queue of one of its \(sockets) sockets at least"))
    }
    if let drops = listener.drops {
      facts.append(Fact("dropped by this listener", "\(Format.count(drops)) packets"))
    }
    return facts
  }

  // MARK: On the way

  /// Diagnoses packets that were lost between the two ends: by the reason that the kernel gave, where it gave one.
  func lostOnTheWay(_ evidence: [Fact], _ listener: PathFindings.Listener?) -> Diagnosed {
    droppedForAReason(evidence, listener) ?? droppedOnTheWay(evidence)
  }

  /// Diagnoses packets that were dropped between the two ends, for a reason that is not known.
  func droppedOnTheWay(_ evidence: [Fact]) -> Diagnosed {
    var found = Diagnosed(.packetsDropped, evidence: evidence + rises(.conntrackDrops))
    if let backlog = host.synBacklog {
      found.evidence.append(Fact("net.ipv4.tcp_max_syn_backlog", Format.count(backlog)))
    }
    // Neither rules nor interface queues count their drops where everybody may read them.
    found.evidence += [
      Fact("rules that may drop", privileged("nft list ruleset")),
      Fact("queues that may drop", "tc -s qdisc show"),
    ]
    if path.dropsByReason == nil {
      found.evidence.append(
        Fact("the kernel's own reasons", "are told to root: tracepoint skb:kfree_skb"))
    }
    return found
  }

  /// Diagnoses why the kernel dropped packets while handshakes went unanswered: by the reasons that the tracepoint
  /// gave. NO_SOCKET does not count, since the kernel answers such a SYN with a reset.
  ///
  /// `connectTimeout` asks for this reason before it asks for the drops of a listener with room. A listener's
  /// drops prove less: they include SYNs that were sent again because the SYN-ACK was dropped on the way, and
  /// overflows from before the trace began.
  ///
  /// The tracepoint tells of the whole machine. So it must have given the reason at least `leastDrops` times, and
  /// at least half as often as handshakes of the clients were unanswered at one look. Where several reasons were
  /// given so often, any of them may be another program's: all are named, and none is blamed. Nil where it gave no
  /// reason so often, and where the most frequent one is a listener's full queue or is not in `DropReason.known`.
  private func droppedForAReason(
    _ evidence: [Fact], _ listener: PathFindings.Listener?
  ) -> Diagnosed? {
    // Where this listener has dropped nothing, the overflows are those of another listener.
    let overflowsAreOthers = listener?.drops == 0
    let reasons = (path.dropsByReason ?? [:]).filter {
      $0.key != DropReason.nobody && !(overflowsAreOthers && $0.key == DropReason.overflow)
    }
    let enough = max(Self.leastDrops, (path.unanswered?.handshakes ?? 0) / 2)
    let frequent = reasons.filter { $0.value >= enough }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    guard let top = frequent.first, top.key != DropReason.overflow,
      DropReason.known[top.key] != nil
    else { return nil }
    let possible = frequent.filter { $0.key != DropReason.overflow }
      .compactMap { DropReason.known[$0.key] }
    let words = possible.map(\.words).reduce(into: [String]()) { all, words in
      if !all.contains(words) { all.append(words) }
    }
    var facts = [Fact("dropped by", words.joined(separator: ", or "))]
    facts += possible.first?.command.map { [Fact("shown by", privileged($0))] } ?? []
    return Diagnosed(
      .packetsDropped, knob: words.count == 1 ? possible.first?.knob : nil,
      evidence: facts + evidence)
  }

  /// How many packets the kernel dropped while handshakes went unanswered, by its reasons, as evidence.
  var droppedPackets: [Fact] {
    guard let drops = path.dropsByReason else { return [] }
    let counts = drops.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \(Format.count($0.value))" }
    return [
      Fact(
        "packets dropped, on the whole machine",
        counts.isEmpty
          ? "none was seen for a reason that matters here, from the first timeout on"
          : counts.joined(separator: ", "))
    ]
  }

  /// How many handshakes had no answer, as evidence.
  private var unanswered: [Fact] {
    guard let unanswered = path.unanswered else { return [] }
    let handshakes = unanswered.handshakes == 1 ? "SYN" : "SYNs"
    let sources = unanswered.sources == 1 ? "source" : "sources"
    let answered = path.finishedHandshakes.map { ", while \(Format.count($0)) were answered" } ?? ""
    return [
      Fact(
        "no answer",
        "to \(Format.count(unanswered.handshakes)) \(handshakes) at once from "
          + "\(Format.count(unanswered.sources)) \(sources)\(answered)")
    ]
  }

  /// As evidence, that NAT leads the connections past the endpoint. Whether somebody listens there tells nothing
  /// then.
  var ledElsewhere: Fact {
    Fact(
      "led elsewhere",
      "connections stand, and none has arrived at this endpoint with its own address: NAT leads them past it"
    )
  }

  /// The command that lists NAT's rules, as evidence.
  var natRules: [Fact] { [Fact("rules that may lead elsewhere", privileged("nft list ruleset"))] }

  /// Diagnoses handshakes to another host: a full queue there, a firewall there or on the way, and plain loss look
  /// alike from here.
  private func noAnswer(_ evidence: [Fact]) -> Diagnosed {
    let port = demand.endpoints == 1 ? "the port" : "its ports"
    return Diagnosed(
      .unclassified,
      evidence: evidence + [
        Fact("server", "its counters are another host's"),
        Fact("not told apart", "its accept queue, a firewall or a limit on the way, and loss"),
        Fact(
          "ask its host",
          "nstat -az TcpExtListenOverflows TcpExtListenDrops; ss -ltn for \(port); "
            + "nft list ruleset"),
      ])
  }

  // MARK: Counters

  /// Diagnoses from the counters of the network namespace alone, where nothing else is known of the listener.
  private func diagnoseByCounters(_ failure: FailureRecord, _ evidence: [Fact]) -> Diagnosed {
    guard let overflows = rise(.listenOverflows), let drops = rise(.listenDrops) else {
      return Diagnosed(
        .unclassified, evidence: evidence + [Fact("tcp.listen-overflows", "not counted here")])
    }
    if overflows > 0 { return acceptQueue(failure.endpoint, evidence + [ofWholeNamespace]) }
    if drops > 0 {
      return synQueue(rise(.requestQueueFull) ?? 0, evidence + [ofWholeNamespace], nil)
    }
    return droppedOnTheWay(evidence)
  }

  /// As evidence, that the counters include other listeners.
  var ofWholeNamespace: Fact {
    Fact("counters", "of all listeners in this network namespace: another one may have moved them")
  }

  // MARK: Connection tracking

  /// The share of `nf_conntrack_max` from which on the table counts as full. It is less than 1, because
  /// entries come and go between two looks.
  static let fullTable = 0.99
  /// The same where the kernel has counted packets that it dropped for want of an entry.
  private static let fullTableThatDrops = 0.9

  /// Diagnoses a full conntrack table: the kernel drops the packets of new connections without a word to either
  /// end. The table may be emptier again by now, so the most entries that were seen count. Nil where the table
  /// was not full, or the kernel has dropped nothing for it.
  private func conntrack(_ evidence: [Fact]) -> Diagnosed? {
    guard let most = host.conntrackAtMost else { return nil }
    let entries =
      [after[.conntrackEntries].map { Int($0) }, path.conntrackMost].compactMap(\.self).max()
      ?? host.conntrackEntries ?? 0
    let drops = rise(.conntrackDrops)
    // Where the kernel counts drops and there were none, even a full table is no reason.
    guard drops != 0 else { return nil }
    let full = drops == nil ? Self.fullTable : Self.fullTableThatDrops
    guard Double(entries) >= full * Double(most) else { return nil }
    let change = SettingChange(
      .sysctl, "net.netfilter.nf_conntrack_max", from: most,
      to: Capacity.withHeadroom(host.conntrackLasting + demand.goal))
    return diagnosed(
      .packetsDropped, raisedBy: change, now: most,
      evidence: evidence + rises(.conntrackDrops) + [
        Fact("net.netfilter.nf_conntrack_count", Format.count(entries))
      ])
  }
}
