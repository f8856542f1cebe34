extension Shards {
  /// The phases, one per name, in the order in which the shards name them first.
  var phases: [PhaseRecord] {
    let names = all.flatMap { $0.recording.phases.map(\.name) }.uniqued
    return names.map { name in
      merged(
        all.compactMap { shard in
          shard.recording.phases.first { $0.name == name }.map { (shard, $0) }
        })
    }
  }

  private func merged(_ parts: [(shard: Shard, phase: PhaseRecord)]) -> PhaseRecord {
    var phase = parts[0].phase
    // The goal of a shard that only serves is the one that its plan gives to the shards that drive, so it is not added.
    let driven = parts.filter(\.shard.drives).map(\.phase)
    let goals = driven.compactMap(\.goal)
    phase.goal = goals.isEmpty ? nil : goals.total
    let rates = driven.compactMap(\.plannedRate)
    phase.plannedRate = rates.isEmpty ? nil : rates.reduce(0, +)
    phase.started = parts.compactMap { $0.shard.shifted($0.phase.started) }.min()
    // A shard's phase that began and never ended was cut off, and so is the whole phase.
    let isCutOff = parts.contains { $0.phase.started != nil && $0.phase.ended == nil }
    phase.ended = isCutOff ? nil : parts.compactMap { $0.shard.shifted($0.phase.ended) }.max()
    phase.openedUntil = parts.compactMap { $0.shard.shifted($0.phase.openedUntil) }.max()
    phase.outcome = parts.map(\.phase.outcome).max { $0.badness < $1.badness } ?? phase.outcome
    phase.established = parts.map(\.phase.established).total
    // Where any shard serves, only serving shards count. A shard that only drives may have asked the kernel about the
    // same connections that a serving shard has counted.
    let serving = parts.filter(\.shard.serves)
    let counting = serving.isEmpty ? parts : serving
    phase.accepted = counting.map(\.phase.accepted).total
    phase.phantom = counting.map(\.phase.phantom).total
    let joined = remoteAccepted(in: phase, parts)
    phase.accepted = [phase.accepted, joined].total
    // Where no shard has both ends of a connection, no shard knows whether the connection was accepted.
    let isApart = isSplit || joined > 0
    // A churn is left out: the most connections that stood at each end tell nothing of all that came and went.
    if isApart, phase.kind.addsConnections || phase.kind.promisesConnections {
      let (difference, overflow) = phase.established.subtractingReportingOverflow(phase.accepted)
      phase.phantom = max(phase.phantom, overflow ? 0 : difference)
    }
    phase.failures = parts.map(\.phase.failures).total
    phase.promise = promise(driven, phantom: isApart ? phase.phantom : 0)
    let aborted = parts.first { $0.phase.abortedBy != nil }
    phase.abortedBy = aborted?.phase.abortedBy
    phase.abortedAt = aborted.flatMap { $0.shard.shifted($0.phase.abortedAt) }
    let ceilings = parts.compactMap(\.phase.ceiling)
    phase.ceiling = ceilings.isEmpty ? nil : ceilings.total
    let cuts = driven.compactMap(\.dropped)
    phase.dropped = cuts.isEmpty ? nil : cuts.total
    // All is there again when the last shard's part is.
    phase.recovery = driven.slowestRecovery
    phase.remark = parts.map { attributed($0.phase.remark, to: $0.shard) }
      .filter { !$0.isEmpty }.uniqued.joined(separator: "; ")
    return phase
  }

  /// How many connections of the shards that only drive were accepted, the most at once in this phase. The serving
  /// shards have counted them as connections from elsewhere (`Series.Key.others`).
  private func remoteAccepted(
    in phase: PhaseRecord, _ parts: [(shard: Shard, phase: PhaseRecord)]
  ) -> Int {
    let remote = parts.filter { $0.shard.drives && !$0.shard.serves }.map(\.phase.established).total
    let others = parts.filter(\.shard.serves).reduce(0.0) { sum, part in
      let span = part.shard.recording.span(of: part.phase)
      return sum + (span.flatMap { part.shard.recording.series(.others)?.maximum(in: $0) } ?? 0)
    }
    return Self.joined(
      others: others, remote: Double(remote), established: Double(phase.established),
      accepted: Double(phase.accepted))
  }

  /// The sum of the promises of the shards that drive; nil where these promised nothing. At least as many connections
  /// are missing as there are phantoms.
  ///
  /// - Parameter phantom: the phase's phantoms; 0 where each shard has both ends of its connections, because each has
  ///   counted its phantoms as missing already.
  private func promise(_ driven: [PhaseRecord], phantom: Int) -> PhasePromise? {
    let promises = driven.compactMap(\.promise)
    guard let first = promises.first else { return nil }
    var whole = PhasePromise(
      promised: promises.map(\.promised).total, missed: promises.map(\.missed).total,
      tolerance: first.tolerance, lostBeside: promises.map(\.lostBeside).total)
    whole.missed = max(whole.missed, phantom)
    return whole
  }
}

extension PhaseRecord.Outcome {
  /// Ranks outcomes: the merged phase has the outcome of the shard whose rank is highest.
  fileprivate var badness: Int {
    switch self {
    case .done: 0
    case .skipped: 1
    case .limit: 2
    case .aborted: 3
    case .interrupted: 4
    }
  }
}
