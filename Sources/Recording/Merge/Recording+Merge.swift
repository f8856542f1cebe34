extension Recording {
  /// Makes one recording of several. Each records a part of one run, by a host or a process of its own: a shard. The
  /// merged recording is not judged yet.
  ///
  /// docs/merge.md says what becomes of each table. The plan, its overrides and attachments, and
  /// the seed are those of the first recording.
  ///
  /// - Parameter regardless: merges even where the plans differ, or where a recording began after all earlier ones
  ///   had ended.
  package static func merged(
    _ recordings: [Recording], regardless: Bool = false
  ) throws(MergeProblem) -> Recording {
    let shards = try Shards(recordings, regardless: regardless)
    var whole = recordings[0]
    whole.verdict = nil
    whole.thresholds = []
    whole.programVersion = recordings.map(\.programVersion).uniqued.joined(separator: " + ")
    // The run began when the earliest of its shards did.
    whole.started = shards.all.first { $0.offset == 0 }?.recording.started ?? whole.started
    whole.duration = shards.all.map { $0.offset + $0.recording.duration }.max() ?? 0
    whole.complete = recordings.allSatisfy(\.complete)
    whole.interrupted = recordings.contains(where: \.interrupted)
    whole.fault = shards.fault
    whole.hostname = shards.hosts.joined(separator: " + ")
    whole.host = shards.facts
    whole.phases = shards.phases
    whole.workers = shards.workers
    whole.series = shards.series
    whole.distributions = shards.distributions
    whole.drive = shards.drive
    // The fidelity of one shard's replay says nothing of the whole.
    whole.replay = nil
    whole.failures = shards.failures
    whole.limits = shards.limits
    whole.searchSteps = shards.searchSteps
    whole.prediction = shards.prediction
    return whole
  }
}

extension Shards {
  /// A text of a shard, with the shard's host before it where there are several hosts.
  func attributed(_ text: String, to shard: Shard) -> String {
    isOneHost || text.isEmpty ? text : "\(shard.recording.hostname): \(text)"
  }

  fileprivate var fault: String? {
    let faults = all.compactMap { shard in shard.recording.fault.map { attributed($0, to: shard) } }
    return faults.isEmpty ? nil : faults.uniqued.joined(separator: "\n")
  }

  /// The facts of all hosts. A fact that is the same for all hosts is listed once. Any other has its host's name before
  /// its own.
  fileprivate var facts: [Fact] {
    guard !isOneHost else { return all[0].recording.host }
    let perHost = hosts.map { host in
      (host, all.first { $0.recording.hostname == host }?.recording.host ?? [])
    }
    return perHost.flatMap { host, facts in
      facts.map { fact in
        perHost.allSatisfy { $0.1.contains(fact) }
          ? fact : Fact("\(host): \(fact.name)", fact.value)
      }
    }.uniqued
  }

  fileprivate var workers: [WorkerRecord] {
    all.flatMap { shard in
      shard.recording.workers.map { worker in
        var worker = worker
        worker.id = worker.id &+ shard.workerShift
        return worker
      }
    }
  }

  fileprivate var distributions: [DistributionRecord] {
    all.flatMap { shard in
      shard.recording.distributions.map { record in
        var record = record
        record.from += shard.offset
        record.to += shard.offset
        return record
      }
    }.sortedStably(by: \.to)
  }

  /// The drive logs of all shards, for the merged phases. Ticks count from the start of a phase, and a merged phase
  /// starts when the first shard starts it. So what a later shard drove is delayed by the difference. Phases are
  /// matched by name, because plans that differ may be merged `regardless`, and their phases may have other places.
  fileprivate var drive: [DriveRecord] {
    let merged = phases
    return all.flatMap { shard in
      let moves = shard.recording.phases.enumerated().map { index, phase in
        let place = merged.firstIndex { $0.name == phase.name } ?? index
        guard let own = shard.shifted(phase.started), let earliest = merged[place].started else {
          return (place: place, delay: UInt64(0))
        }
        return (place, UInt64(min(max(0, (own - earliest) * 1000), 0x1p52).rounded()))
      }
      return DriveRecord.moved(shard.recording.drive) {
        moves.indices.contains($0) ? moves[$0] : ($0, 0)
      }
      .map { DriveRecord(worker: $0.worker &+ shard.workerShift, entries: $0.entries) }
    }
  }

  fileprivate var failures: [FailureRecord] {
    all.flatMap { shard in
      shard.recording.failures.map { failure in
        var failure = failure
        failure.firstInstant += shard.offset
        failure.stoppedAt = shard.shifted(failure.stoppedAt)
        failure.worker = shard.shifted(failure.worker)
        return failure
      }
    }.sortedStably(by: \.firstInstant)
  }

  fileprivate var limits: [LimitRecord] {
    all.flatMap { shard in
      shard.recording.limits.map { limit in
        var limit = limit
        limit.firstInstant += shard.offset
        limit.stoppedAt = shard.shifted(limit.stoppedAt)
        limit.worker = shard.shifted(limit.worker)
        if !isOneHost { limit.evidence.append(Fact("host", shard.recording.hostname)) }
        return limit
      }
    }.sortedStably(by: \.firstInstant)
  }

  fileprivate var searchSteps: [SearchStep] {
    all.flatMap { shard in
      shard.recording.searchSteps.map { step in
        var step = step
        step.at += shard.offset
        step.reason = attributed(step.reason, to: shard)
        return step
      }
    }.sortedStably(by: \.at)
  }

  /// The predicted bounds of the whole run; the smallest is the predicted limit.
  /// - With one host, all shards have predicted for the same machine. Where they agree, their list stands.
  ///   Otherwise there is no prediction.
  /// - With several hosts of which one has several shards, there is no prediction.
  /// - With several hosts of one shard each, a bound is the sum over the shards that it concerns. A bound of an end
  ///   concerns the shards that play this end. The bound is left out where one of these shards has not predicted it.
  /// - A bound of the host is left out where one shard has only clients and another only servers. They hold
  ///   the two ends of the same connections, so their bounds do not add up.
  fileprivate var prediction: [PredictionTerm] {
    let lists = all.map(\.recording.prediction)
    if isOneHost { return lists.allSatisfy { $0 == lists[0] } ? lists[0] : [] }
    guard hosts.count == all.count else { return [] }
    var terms: [PredictionTerm] = []
    for term in lists.joined()
    where !terms.contains(where: { $0.end == term.end && $0.resource == term.resource }) {
      let concerned = all.filter { shard in
        switch term.end {
        case .client: shard.drives
        case .server: shard.serves
        case .host: true
        }
      }
      let known = concerned.compactMap { shard in
        // A shard may have two bounds of one resource: the machine's and its control group's.
        shard.recording.prediction.filter { $0.end == term.end && $0.resource == term.resource }
          .min { $0.connections < $1.connections }
          .map { ($0.connections, attributed($0.reason, to: shard)) }
      }
      guard known.count == concerned.count, !(term.end == .host && isSplit) else { continue }
      terms.append(
        PredictionTerm(
          end: term.end, resource: term.resource, connections: known.map(\.0).total,
          reason: known.map(\.1).joined(separator: "; ")))
    }
    let smallest = terms.indices.min { terms[$0].connections < terms[$1].connections }
    if let smallest { terms[smallest].binds = true }
    return terms
  }
}

extension Array {
  /// The elements in ascending order of a value; elements with equal values keep their order.
  func sortedStably(by value: KeyPath<Element, Double>) -> [Element] {
    let isSorted = zip(self, dropFirst()).allSatisfy {
      $0[keyPath: value] <= $1[keyPath: value]
    }
    return isSorted
      ? self
      : enumerated().sorted { one, other in
        let (first, second) = (one.element[keyPath: value], other.element[keyPath: value])
        return first == second ? one.offset < other.offset : first < second
      }.map(\.element)
  }
}
