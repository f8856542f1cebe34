extension Recording {
  /// The phases that broke their promise, in the plan's order. The first of them decides the run.
  package var brokenPhases: [BrokenPhase] {
    var broken = phases.filter(isBroken).map { phase in
      BrokenPhase(phase: phase, limit: decidingLimit(of: phase))
    }
    // A limit in a phase that has no record breaks the run as well.
    let known = Set(phases.map(\.name))
    if broken.isEmpty, let limit = Self.deciding(limits.filter { !known.contains($0.phase) }, 0) {
      let phase = PhaseRecord(
        name: limit.phase, kind: .ramp, title: limit.phase, planLine: limit.planLine)
      broken.append(BrokenPhase(phase: phase, limit: limit))
    }
    return broken
  }

  private func isBroken(_ phase: PhaseRecord) -> Bool {
    let limits = limits.filter { $0.phase == phase.name }
    // A search meets limits on the way to the number that it finds. Only a worker's death breaks its promise then.
    let hasFound = phase.kind.finds && phase.ceiling != nil
    if limits.contains(where: { !hasFound || $0.isDeath }) { return true }
    switch phase.outcome {
    case .limit: return true
    case .done: return phase.promise.map { !$0.isKept } ?? fellShort(phase)
    case .interrupted, .aborted, .skipped: return false
    }
  }

  /// Whether a phase of a recording without promises, from before format 1.3, ended below its goal.
  private func fellShort(_ phase: PhaseRecord) -> Bool {
    phase.goal.map { held(in: phase) < $0 } ?? false
  }

  /// The limit that explains why a phase broke its promise; nil where the phase met none.
  package func decidingLimit(of phase: PhaseRecord) -> LimitRecord? {
    let limits = limits.filter { $0.phase == phase.name }
    // A recording before format 1.3 has no promises, and its limits do not say whether they stopped a worker. There
    // the earliest limit decides, with two exceptions. Where there are phantoms, the server's earliest limit decides.
    // And a server worker's death decides before closes and refusals that came earlier, because it explains them.
    // A phase that has not ended has no promise either, so it is judged the same way until a limit stops a worker.
    let lacksPromise = phase.promise == nil && phase.kind.promises
    guard !lacksPromise || limits.contains(where: { $0.stoppedAt != nil }) else {
      let byTime = limits.sorted { $0.firstInstant < $1.firstInstant }
      if phase.phantom > 0, let server = byTime.first(where: \.isOfServer) {
        return server
      }
      let isConsequence = byTime.first.map {
        [.closedByPeer, .nobodyListens].contains($0.resource)
      }
      let death = byTime.first { $0.end == .server && $0.isDeath }
      return isConsequence == true ? death ?? byTime.first : byTime.first
    }
    return Self.deciding(limits, phase.newPhantoms)
  }

  /// The limit that decides, by the first of these rules that applies:
  /// 1. the earliest death of a worker;
  /// 2. the first limit that stopped a worker, the memory guard among them. Where there are phantoms and a limit of
  ///    the server's end stopped a worker, the first of these decides instead;
  /// 3. the limit of the cause with the most failures. Where there are phantoms and a limit of the server,
  ///    limits that a client may have met in consequence of the server's do not count.
  private static func deciding(_ limits: [LimitRecord], _ phantoms: Int) -> LimitRecord? {
    let byTime = limits.sorted { $0.firstInstant < $1.firstInstant }
    if let death = byTime.first(where: \.isDeath) { return death }
    let stops = limits.filter { $0.stoppedAt != nil }.sorted { $0.stoppedAt! < $1.stoppedAt! }
    if let first = stops.first {
      return (phantoms > 0 ? stops.first(where: \.isOfServer) : nil) ?? first
    }
    let hasServerLimit = byTime.contains(where: \.isOfServer)
    return mostFrequent(
      phantoms > 0 && hasServerLimit ? byTime.filter { !$0.mayFollowFromServer } : byTime)
  }

  /// Of the limits with the cause (end and resource) that has the most failures, the one with the most; of several
  /// with equally many, the earliest.
  ///
  /// - Parameter byTime: the limits in the order of their first instants.
  private static func mostFrequent(_ byTime: [LimitRecord]) -> LimitRecord? {
    struct Kind: Hashable {
      let end: End
      let resource: Resource
    }
    var counts: [Kind: Int] = [:]
    for limit in byTime {
      let kind = Kind(end: limit.end, resource: limit.resource)
      // A recording of a stranger may say any number.
      let (sum, isOver) = counts[kind, default: 0].addingReportingOverflow(limit.count)
      counts[kind] = isOver ? .max : sum
    }
    let most = counts.values.max()
    let first = byTime.first { counts[Kind(end: $0.end, resource: $0.resource)] == most }
    return byTime.filter { $0.end == first?.end && $0.resource == first?.resource }
      .max { $0.count < $1.count }
  }
}

extension LimitRecord {
  /// Whether a client may have met this limit only because the server had met its own. A full server leaves
  /// handshakes unanswered, or resets them. `noRoute` and `packetsDropped` are excluded: the diagnosis names them only
  /// where it has seen a refusal or a drop on the way between the ends.
  fileprivate var mayFollowFromServer: Bool {
    (end == .client || isSilence) && ![.noRoute, .packetsDropped].contains(resource)
  }

  /// Whether the server has met this limit, or is known to have it. A silence of the server's may have any cause.
  fileprivate var isOfServer: Bool { end == .server && !isSilence }

  /// Whether this is a worker's death. Other limits of the same resources name no worker, or name a call.
  package var isDeath: Bool {
    worker != nil && syscall == nil && [.memory, .workerDied].contains(resource)
  }
}

extension PhaseRecord {
  /// The phantoms that came about in the phase. 0 for a phase that opens no connections: its phantoms have stood since
  /// an earlier phase.
  package var newPhantoms: Int { kind.grows ? phantom : 0 }
}
