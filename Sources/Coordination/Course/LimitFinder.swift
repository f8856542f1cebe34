package import Host
import Judgement
package import Recording

/// Makes limit records of what failed in a phase.
package struct LimitFinder {
  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  /// Kernel counters when the phase began, and now.
  let before: [Series.Key: Double]
  let after: [Series.Key: Double]
  /// What was seen between the two ends in the phase.
  var path = PathFindings()
  /// Where the clients connect to, as failures name it.
  var endpoints: [String] = []
  /// The control group that leaves the least memory now; nil where that is not known.
  var tightestGroup: GroupBound?
  /// RLIMIT_NOFILE of the workers whose limit somebody has lowered since the run began, by worker.
  var loweredDescriptors: [Int: Int] = [:]
  /// What the processors did while connections were opened; nil where that is not known.
  var processors: ProcessorFindings?

  package init(
    host: HostDescription, demand: Demand, prediction: [PredictionTerm],
    before: [Series.Key: Double], after: [Series.Key: Double],
    path: PathFindings = PathFindings(), endpoints: [String] = []
  ) {
    self.host = host
    self.demand = demand
    self.prediction = prediction
    self.before = before
    self.after = after
    self.path = path
    self.endpoints = endpoints
  }

  /// The limits of a phase: one record of every cause that was met.
  ///
  /// Where no cause was met and no worker has died in the phase, there is one record all the same. Where the
  /// phase opens connections and client workers had died before it, these workers are the limit; else the
  /// record is `unclassified`.
  ///
  /// - Parameters:
  ///   - failures: what failed, by kind and endpoint.
  ///   - memoryGuard: the record of the memory guard stopping growth; nil where it has not.
  ///   - workerDied: whether a worker has died in the phase. Its own record (`limit(ofDeath:in:at:)`) is not
  ///     among those that are returned.
  ///   - late: late arrivals of a churn.
  ///   - delay: what of a storm was not back in time, without a failure.
  ///   - gone: client workers that had died before the phase; nil where none had.
  package func limits(
    of phase: PhaseRecord, failures: [FailureRecord], memoryGuard: FailureRecord?,
    workerDied: Bool, late: LateArrivals = .none,
    delay: ReturnDelay = ReturnDelay(), gone: Fact? = nil
  ) -> [LimitRecord] {
    var limits = limits(from: failures + (memoryGuard.map { [$0] } ?? []), in: phase)
    // A limit of the server explains phantoms. A connection that the server closed or refused does
    // not, and the full accept queue of one endpoint does not explain phantoms at another.
    let explainsPhantoms = limits.contains { limit in
      switch limit.resource {
      case .closedByPeer, .refusedByPeer, .nobodyListens, .noRoute: false
      case .acceptQueue: endpoints.count <= 1
      case .unclassified where limit.isSilence: false
      default: limit.end == .server
      }
    }
    let retried = failures.reduce(0) { $0 + $1.retried }
    if phase.phantom > 0, !explainsPhantoms { limits.append(phantoms(phase, retried: retried)) }
    if path.goneAtServer > 0 { limits.append(goneAtServer(phase)) }
    if late.count > 0 { limits.append(tooLate(phase, late)) }
    limits += delays(phase, delay)
    // A worker that died has its own record.
    guard limits.isEmpty, !workerDied else { return limits }
    if phase.kind.grows, let gone { return [limitOfGoneWorkers(phase, gone)] }
    return [unexplained(phase, retried: retried)]
  }

  /// The limit that a worker met when it died.
  package func limit(ofDeath worker: WorkerRecord, in phase: PhaseRecord, at instant: Double)
    -> LimitRecord
  {
    let found = diagnose(worker, before: before, after: after, host: host, demand: demand)
    return LimitRecord(
      end: worker.end, worker: worker.id, phase: phase.name, planLine: phase.planLine,
      resource: found.resource, count: 1, firstInstant: instant, established: phase.established,
      accepted: phase.accepted, endpoint: worker.endpoint, knob: found.knob, now: found.now,
      needed: found.needed, fix: found.fix, predicted: predicted, evidence: found.evidence)
  }

  /// The limit of a worker that was alive but gave no sign of life.
  package func limit(
    ofHang hang: HungWorker, of worker: WorkerRecord, in phase: PhaseRecord, at instant: Double
  ) -> LimitRecord {
    var limit = limit(ofDeath: worker, in: phase, at: instant)
    let time = hang.time / .seconds(1)
    let silence = time < 1 ? "" : ": no sign of life for \(Format.count(Int(time))) s"
    limit.evidence = [
      Fact("worker \(worker.id)", "process \(worker.pid) \(hang.words)\(silence)")
    ]
    return limit
  }

  /// The limits that failures amount to. Failures of one kind may have another cause at each endpoint. Those
  /// with the same cause make one limit, with the evidence of the first.
  private func limits(from failures: [FailureRecord], in phase: PhaseRecord) -> [LimitRecord] {
    var causes: [(failure: FailureRecord, found: Diagnosed)] = []
    // A handshake that was tried again has cost nothing.
    for failure in failures where failure.finalCount > 0 {
      // The kernel's counters cover all endpoints, so they are compared with the failures at all endpoints.
      var alike = failure
      alike.count = failures.filter(failure.isSameKind).reduce(0) { $0 + $1.count }
      let found = diagnose(
        alike, before: before, after: after, host: host, demand: demand, path: path,
        tightestGroup: tightestGroup,
        loweredDescriptors: failure.worker.flatMap { loweredDescriptors[$0] },
        processors: processors)
      if let known = causes.firstIndex(where: {
        $0.failure.isSameKind(failure) && $0.found.resource == found.resource
      }) {
        causes[known].failure = causes[known].failure.merged(with: failure)
      } else {
        causes.append((failure, found))
      }
    }
    return causes.map { limit(from: $0, $1, in: phase) }
  }

  private func limit(
    from failure: FailureRecord, _ found: Diagnosed, in phase: PhaseRecord
  ) -> LimitRecord {
    var found = found
    found.evidence += guess(found.resource, held: path.held ?? failure.established)
    var limit = LimitRecord(
      failure, found, planLine: phase.planLine, predicted: predicted)
    limit.end = limit.isSilence ? failure.end.other : end(of: failure, found.resource)
    // The memory guard is runner's own check, not a system call.
    if failure.syscall == FailureRecord.memoryGuardCall { limit.syscall = nil }
    return limit
  }

  /// The end that has the limit is not always the one that met it.
  private func end(of failure: FailureRecord, _ resource: Resource) -> End {
    switch resource {
    case .acceptQueue, .nobodyListens: .server
    // The end that sees the close is not the end that closed.
    case .closedByPeer, .refusedByPeer: failure.end.other
    case .memoryGuard: .host
    default: failure.end
    }
  }

  /// Connections that the client counts and the server never accepted.
  private func phantoms(_ phase: PhaseRecord, retried: Int) -> LimitRecord {
    let found = diagnosePhantoms(
      phase.phantom, at: endpoints, before: before, after: after, host: host, demand: demand,
      path: path)
    let resource = found?.resource ?? .unclassified
    return limit(
      of: phase, at: .server, resource, count: phase.phantom, found,
      evidence: facts(of: phase, retried: retried) + (found?.evidence ?? [])
        + guess(resource, held: phase.held))
  }

  /// Connections that the clients hold and the server end does not hold any more.
  private func goneAtServer(_ phase: PhaseRecord) -> LimitRecord {
    let nobodyListens = !path.withoutListener.isEmpty
    let ownServerClosedNothing = path.serverMayClose == false
    let connections = path.goneAtServer == 1 ? "connection" : "connections"
    var evidence = [
      Fact(
        "held by the clients alone",
        "\(Format.count(path.goneAtServer)) \(connections): gone at the server end, "
          + "and the clients have not heard of it")
    ]
    if nobodyListens { evidence.append(Fact("asked its kernel", "nobody listens")) }
    if ownServerClosedNothing {
      evidence.append(
        Fact(
          "the built-in server",
          "closes nothing of its own accord: somebody on the way has, or destroys sockets (ss -K)"))
    }
    return limit(
      of: phase, at: .server,
      nobodyListens
        ? .nobodyListens : ownServerClosedNothing ? .noRoute : .unclassified,
      count: path.goneAtServer, evidence: evidence)
  }

  /// Arrivals of a churn that were begun too late to count as planned.
  private func tooLate(_ phase: PhaseRecord, _ late: LateArrivals) -> LimitRecord {
    var reasons: [Fact] = []
    if late.foundNoRoom {
      reasons.append(
        Fact(
          "client workers",
          "had no room for more: connections were held beyond their lifetime, by a message that"
            + " was not answered yet or a handshake that was not over"))
    } else {
      // Clients that lack processor time finish few handshakes, so these pile up.
      if let shortage = late.shortage { reasons.append(Fact("processors", shortage)) }
      if let heldBack = late.heldBack { reasons.append(Fact("client workers", heldBack)) }
      if reasons.isEmpty {
        reasons.append(Fact("client workers", "were stopped, or had no processor for that long"))
      }
    }
    return limit(
      of: phase, at: .client, late.foundNoRoom || late.shortage == nil ? .unclassified : .cpu,
      count: late.count,
      evidence: [
        Fact(
          "begun too late",
          "\(Format.count(late.count)) arrivals, more than a second after they were due")
      ] + reasons)
  }

  /// Client workers that had died before the phase: nobody opens their share of the connections.
  private func limitOfGoneWorkers(_ phase: PhaseRecord, _ gone: Fact) -> LimitRecord {
    limit(
      of: phase, at: .client, .workerDied, count: max(1, phase.promise?.missed ?? 1),
      evidence: [gone])
  }

  /// A promise that was broken without a failure: `unclassified`. Where the server is someone
  /// else's, a guess may stand in the evidence, marked as one.
  private func unexplained(_ phase: PhaseRecord, retried: Int) -> LimitRecord {
    // Where the clients hold nothing any more, the connections that are left are at the server: it has not heard
    // of the clients' closes.
    let isLeftAtServer = phase.kind.closes && path.held == 0
    let left =
      isLeftAtServer
      ? [Fact("held by the clients", "none: their closes have not reached the server")] : []
    return limit(
      of: phase, at: isLeftAtServer ? .server : .client, .unclassified,
      count: max(1, phase.promise?.missed ?? 1),
      evidence: facts(of: phase, retried: retried) + left
        + guess(.unclassified, held: phase.held))
  }

  private func facts(of phase: PhaseRecord, retried: Int) -> [Fact] {
    [
      Fact(
        "failures",
        retried == 0
          ? "none was recorded"
          : "none but \(Format.count(retried)) handshakes, which were tried again"),
      Fact("phantom", "\(Format.count(phase.phantom)) established, never accepted"),
    ]
  }

  /// A limit of the whole phase, without a failure of its own.
  func limit(
    of phase: PhaseRecord, at end: End, _ resource: Resource, count: Int,
    _ found: Diagnosed? = nil, evidence: [Fact]
  ) -> LimitRecord {
    LimitRecord(
      end: end, phase: phase.name, planLine: phase.planLine, resource: resource, count: count,
      firstInstant: phase.ended ?? 0, established: phase.established, accepted: phase.accepted,
      knob: found?.knob, now: found?.now, needed: found?.needed, fix: found?.fix,
      predicted: predicted, evidence: evidence)
  }

  /// A guess at the limit of someone else's server, from the number of connections at which it took no more;
  /// empty where there is none.
  private func guess(_ resource: Resource, held: Int) -> [Fact] {
    guard demand.serverWorkers == nil else { return [] }
    switch resource {
    case .closedByPeer, .refusedByPeer, .acceptQueue, .packetsDropped, .nobodyListens, .noRoute,
      .unclassified:
      return NumberGuess.fact(heldAtStop: held).map { [$0] } ?? []
    default: return []
    }
  }

  private var predicted: Int? { prediction.binding?.connections }
}

extension End {
  /// The other end of a connection; that of the host is the host.
  fileprivate var other: End {
    switch self {
    case .client: .server
    case .server: .client
    case .host: .host
    }
  }
}
