import Host
import Recording

/// Why connections were not back when the time of a storm was over, where no final failure says why.
extension LimitFinder {
  func delays(_ phase: PhaseRecord, _ delay: ReturnDelay) -> [LimitRecord] {
    var limits: [LimitRecord] = []
    if delay.underWay > 0 { limits.append(slowHandshakes(phase, delay)) }
    if delay.due > 0 {
      let shortage = delay.shortage.map { Fact("processors", $0) }
      limits.append(
        limit(
          of: phase, at: .client, delay.shortage == nil ? .unclassified : .cpu, count: delay.due,
          evidence: [
            Fact(
              "not begun",
              "\(connections(delay.due)) when the time was over, though their backoff was over")
          ] + [shortage ?? Fact("client workers", "were behind")].compactMap(\.self)))
    }
    if delay.waiting > 0 {
      limits.append(
        limit(
          of: phase, at: .client, .unclassified, count: delay.waiting,
          evidence: [
            Fact("not tried", "\(connections(delay.waiting)): nothing had failed"),
            Fact("the plan", "their backoff was not over when the time of the storm was"),
          ]))
    }
    return limits
  }

  /// Connections that stood only after the time was over. Where listeners have dropped handshakes meanwhile, that
  /// is what these waited for; that they were slow proves nothing else.
  private func slowHandshakes(_ phase: PhaseRecord, _ delay: ReturnDelay) -> LimitRecord {
    let asTimeout = FailureRecord(
      end: .client, worker: nil, phase: phase.name, syscall: "connect-timeout", errno: nil,
      count: delay.underWay, firstInstant: phase.ended ?? 0, established: phase.established,
      accepted: phase.accepted, source: nil, endpoint: endpoints.count == 1 ? endpoints[0] : nil)
    let found = diagnose(
      asTimeout, before: before, after: after, host: host, demand: demand, path: path,
      tightestGroup: tightestGroup, processors: processors)
    let overflows = (after[.listenOverflows] ?? 0) - (before[.listenOverflows] ?? 0)
    let drops = path.listeners.values.reduce(0) { $0 + ($1.drops ?? 0) }
    let isQueue = found.resource == .acceptQueue && (overflows > 0 || drops > 0)
    var evidence = [
      Fact("late", "\(connections(delay.underWay)) stood only after the time was over")
    ]
    if isQueue {
      evidence += found.evidence
    } else if let shortage = delay.shortage {
      evidence.append(Fact("processors", shortage))
    }
    return limit(
      of: phase, at: isQueue ? .server : .client,
      isQueue ? .acceptQueue : delay.shortage == nil ? .unclassified : .cpu,
      count: delay.underWay, isQueue ? found : nil, evidence: evidence)
  }

  private func connections(_ count: Int) -> String {
    count == 1 ? "1 connection" : "\(Format.count(count)) connections"
  }
}
