extension Recording {
  /// The phases that broke their promise, in the plan's order. The first of them decides the run.
  package var brokenPhases: [BrokenPhase] {
    var broken = phases.filter(isBroken).map { phase in
      BrokenPhase(phase: phase, limit: decidingLimit(of: phase))
    }
    // A limit may name a phase that has no record: it breaks the run all the same.
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
    // What a search met on its way is what it was to find; a worker's death never is.
    let hasFound = phase.kind.finds && phase.ceiling != nil
    if limits.contains(where: { !hasFound || $0.isDeath }) { return true }
    switch phase.outcome {
    case .limit: return true
    case .done: return phase.promise.map { !$0.isKept } ?? fellShort(phase)
    case .interrupted, .aborted, .skipped: return false
    }
  }

  /// Ended below its goal; recordings before format 1.3 say nothing of promises.
  private func fellShort(_ phase: PhaseRecord) -> Bool {
    phase.goal.map { held(in: phase) < $0 } ?? false
  }

  package func decidingLimit(of phase: PhaseRecord) -> LimitRecord? {
    let limits = limits.filter { $0.phase == phase.name }
    // Before format 1.3 nothing says what stopped a worker, and the earliest decided.
    guard phase.promise != nil || limits.contains(where: { $0.stopped != nil }) else {
      let byTime = limits.sorted { $0.firstInstant < $1.firstInstant }
      if phase.phantom > 0, let server = byTime.first(where: { $0.end == .server }) {
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

  /// In this order: a worker's death; what made a worker stop growing, or the guard; the cause with
  /// the most failures. Where the client counts connections that the server never accepted, the
  /// server's comes before what the client may have met in consequence of it. Of several the earliest
  /// decides.
  private static func deciding(_ limits: [LimitRecord], _ phantom: Int) -> LimitRecord? {
    let byTime = limits.sorted { $0.firstInstant < $1.firstInstant }
    if let death = byTime.first(where: \.isDeath) { return death }
    let stops = limits.filter { $0.stopped != nil }.sorted { $0.stopped! < $1.stopped! }
    if let first = stops.first {
      return (phantom > 0 ? stops.first { $0.end == .server } : nil) ?? first
    }
    let hasServerLimit = byTime.contains { $0.end == .server }
    return mostFrequent(
      phantom > 0 && hasServerLimit ? byTime.filter { !$0.mayFollowFromServer } : byTime)
  }

  /// Of the cause that has the most failures, the limit that has the most of them; of several with
  /// as many, the earliest.
  private static func mostFrequent(_ byTime: [LimitRecord]) -> LimitRecord? {
    struct Kind: Hashable {
      let end: End
      let resource: Resource
    }
    var counts: [Kind: Int] = [:]
    for limit in byTime {
      counts[Kind(end: limit.end, resource: limit.resource), default: 0] += limit.count
    }
    let most = counts.values.max()
    let first = byTime.first { counts[Kind(end: $0.end, resource: $0.resource)] == most }
    return byTime.filter { $0.end == first?.end && $0.resource == first?.resource }
      .max { $0.count < $1.count }
  }
}

extension LimitRecord {
  /// Whether the client may have met it because a server was full: then its handshakes go unanswered, or
  /// are reset. A refusal on the way never comes of that.
  fileprivate var mayFollowFromServer: Bool { end == .client && resource != .noRoute }

  /// Whether this is a worker's death: it names a worker and no system call.
  package var isDeath: Bool {
    worker != nil && syscall == nil && [.memory, .workerDied].contains(resource)
  }
}

extension PhaseRecord {
  /// Connections of the phase itself that were never accepted. A phase that opens none still has the
  /// phantoms of those before it; these are not new.
  package var newPhantoms: Int { kind.grows ? phantom : 0 }
}
