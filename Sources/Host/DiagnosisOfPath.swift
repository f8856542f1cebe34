import Recording

/// What happens between the two ends: queues, drops, refusals, closes, and too little time.
extension Scene {
  /// Longest queue that is worth asking for.
  private static let longestQueue = 65_535

  /// The server's kernel tells a full accept queue from lost packets. When it is another host's,
  /// nothing here can.
  func connectTimeout(_ failure: FailureRecord) -> Diagnosed {
    let evidence =
      place(of: failure)
      + rises(
        .listenOverflows, .listenDrops, .requestQueueFull, .synRetransmits, .timeouts,
        .backlogDrops)
    let overflows = [rise(.listenOverflows), rise(.listenDrops)].compactMap(\.self)
    if demand.bothEndsHere, overflows.contains(where: { $0 > 0 }) {
      return acceptQueue(failure, evidence)
    }
    if let found = conntrack(evidence) { return found }
    guard demand.bothEndsHere else {
      return Diagnosed(
        .unclassified, evidence: evidence + [Fact("server", "its counters are another host's")])
    }
    guard overflows.count == 2 else {
      return Diagnosed(
        .unclassified, evidence: evidence + [Fact("tcp.listen-overflows", "not counted here")])
    }
    var found = Diagnosed(.packetsDropped, evidence: evidence + rises(.conntrackDrops))
    if let backlog = host.synBacklog {
      found.evidence.append(Fact("net.ipv4.tcp_max_syn_backlog", Format.count(backlog)))
    }
    // Neither counts where everybody may read it.
    found.evidence += [
      Fact("rules that may drop", privileged("nft list ruleset")),
      Fact("queues that may drop", "tc -s qdisc show"),
    ]
    return found
  }

  /// `listen` takes the smaller of its backlog and `net.core.somaxconn` (listen(2)). A queue as
  /// long as an endpoint has connections cannot overflow.
  private func acceptQueue(_ failure: FailureRecord, _ evidence: [Fact]) -> Diagnosed {
    let somaxconn = host.somaxconn ?? 4096
    guard let backlog = demand.backlog else {
      // Someone else's server: what it asked for is its own, and only `ss` shows it.
      let port = address(failure.endpoint)?.port.map { " 'sport = :\($0)'" } ?? ""
      return Diagnosed(
        .acceptQueue, knob: "the server's backlog",
        evidence: evidence + [
          Fact("net.core.somaxconn", Format.count(somaxconn)),
          Fact("its backlog, as Send-Q", "ss -ltn\(port)"),
        ])
    }
    let now = min(backlog, somaxconn)
    let perEndpoint = Capacity.divideUp(demand.goal, demand.endpoints)
    let needed = max(min(perEndpoint, Self.longestQueue), min(2 * now, Self.longestQueue))
    var found = Diagnosed(
      .acceptQueue, knob: "server.backlog", now: now, needed: needed,
      evidence: evidence + [
        Fact("net.core.somaxconn", Format.count(somaxconn)),
        Fact("server.backlog", Format.count(backlog)),
      ])
    if backlog >= somaxconn {
      found.knob = "net.core.somaxconn"
      found.fix = privileged("sysctl -w net.core.somaxconn=\(needed)")
    }
    return found
  }

  /// Entries come and go while one looks: within a hundredth the table is full.
  static let fullTable = 0.99
  /// And within a tenth, when packets were dropped for want of an entry.
  private static let fullTableThatDrops = 0.9

  /// A full table drops the packets of new connections without a word to either end.
  private func conntrack(_ evidence: [Fact]) -> Diagnosed? {
    guard let most = host.conntrackAtMost else { return nil }
    let entries = after[.conntrackEntries].map { Int($0) } ?? host.conntrackEntries ?? 0
    let drops = rise(.conntrackDrops) ?? 0
    let full = drops > 0 ? Self.fullTableThatDrops : Self.fullTable
    guard Double(entries) >= full * Double(most) else { return nil }
    let needed = Capacity.withHeadroom(host.conntrackLasting + demand.goal)
    return Diagnosed(
      .packetsDropped, knob: "net.netfilter.nf_conntrack_max", now: most, needed: needed,
      fix: privileged("sysctl -w net.netfilter.nf_conntrack_max=\(needed)"),
      evidence: evidence + rises(.conntrackDrops) + [
        Fact("net.netfilter.nf_conntrack_count", Format.count(entries))
      ])
  }

  func nobodyListens(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(
      .nobodyListens,
      evidence: place(of: failure) + rises(.resetsSent, .attemptFails) + [
        Fact("held when it began", "\(Format.count(failure.established)) established")
      ])
  }

  func noRoute(_ failure: FailureRecord) -> Diagnosed {
    var evidence = place(of: failure)
    if let target = address(failure.endpoint)?.ip {
      let source = address(failure.source).map { " from \($0.ip)" } ?? ""
      evidence.append(Fact("route", "ip route get \(target)\(source)"))
    }
    if ["EPERM", "EACCES"].contains(failure.errno?.name) {
      evidence.append(Fact("refused by", "a rule of this host's firewall, or of its policy"))
    }
    return Diagnosed(.noRoute, evidence: evidence)
  }

  func closedByPeer(_ failure: FailureRecord) -> Diagnosed {
    Diagnosed(
      .closedByPeer,
      evidence: place(of: failure) + [
        Fact("closed", Format.count(failure.count)),
        Fact("held when it began", "\(Format.count(failure.established)) established"),
        Fact("seconds into the run", String(Int(failure.firstInstant))),
      ] + rises(.establishedResets, .resetsSent, .abortsOnMemory))
  }

  /// Far under the planned rate is more than a tenth; busy is less than a tenth of idle time.
  func processors(rate: Double, planned: Double) -> Diagnosed? {
    let modes: [Series.Key] = [
      .cpuUser, .cpuSystem, .cpuSoftirq, .cpuSteal, .cpuIdle, .cpuIOWait,
    ]
    let times = modes.compactMap { rise($0) }
    let total = times.reduce(0, +)
    guard planned.isFinite, rate < 0.9 * planned, times.count == modes.count, total > 0 else {
      return nil
    }
    guard (times[4] + times[5]) / total < 0.1 else { return nil }
    let shares = zip(modes, times).map { Fact($0.name, Format.share($1 / total)) }
    return Diagnosed(
      .cpu, knob: "processors", now: host.processors,
      needed: Int((Double(host.processors) * planned / max(rate, 1)).rounded(.up)),
      evidence: [
        Fact("rate", "\(Format.rate(rate)) of \(Format.rate(exactly: planned))")
      ] + shares)
  }
}
