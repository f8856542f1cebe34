import Host
import Recording

/// Turns what failed in a phase that fell short of its goal into limit records.
struct LimitFinder {
  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  /// Kernel counters when the phase began and when it ended.
  let before: [Series.Key: Double]
  let after: [Series.Key: Double]
  /// What was seen between the two ends meanwhile.
  var path = PathFindings()
  /// Where the clients connect to, as failures name it.
  var endpoints: [String] = []

  /// Every cause that was met; one that says it is unknown when nothing was.
  ///
  /// - Parameters:
  ///   - memoryGuard: the check that stopped growth, with the instant it did, if one did.
  ///   - late: arrivals that lived as planned, but were begun too late.
  func limits(
    of phase: PhaseRecord, failures: [FailureRecord], memoryGuard: FailureRecord?,
    workerDied: Bool, late: Int = 0
  ) -> [LimitRecord] {
    // A handshake that was tried again has cost nothing.
    let causes = failures.filter { $0.final > 0 } + (memoryGuard.map { [$0] } ?? [])
    if !causes.isEmpty { return causes.map { limit(from: $0, in: phase) } }
    // A worker that died has its own record.
    let retried = failures.reduce(0) { $0 + $1.retried }
    return workerDied ? [] : [unexplained(phase, retried: retried, late: late)]
  }

  func limit(ofDeath worker: WorkerRecord, in phase: PhaseRecord, at instant: Double) -> LimitRecord
  {
    let found = diagnose(worker, before: before, after: after, host: host, demand: demand)
    return LimitRecord(
      end: worker.end, worker: worker.id, phase: phase.name, planLine: phase.planLine,
      resource: found.resource, count: 1, firstInstant: instant, established: phase.established,
      accepted: phase.accepted, endpoint: worker.endpoint, knob: found.knob, now: found.now,
      needed: found.needed, fix: found.fix, predicted: predicted, evidence: found.evidence)
  }

  /// A worker that was alive, and did nothing any more.
  func limit(
    ofSilence silence: Silence, of worker: WorkerRecord, in phase: PhaseRecord, at instant: Double
  ) -> LimitRecord {
    var limit = limit(ofDeath: worker, in: phase, at: instant)
    let time = silence.time / .seconds(1)
    let after = time < 1 ? "" : ": no sign of life for \(Format.count(Int(time))) s"
    limit.evidence = [
      Fact("worker \(worker.id)", "process \(worker.pid) \(silence.words)\(after)")
    ]
    return limit
  }

  private func limit(from failure: FailureRecord, in phase: PhaseRecord) -> LimitRecord {
    var found = diagnose(
      failure, before: before, after: after, host: host, demand: demand, path: path)
    found.evidence += guess(found.resource, held: path.held ?? failure.established)
    var limit = LimitRecord(
      failure, found, planLine: phase.planLine, predicted: predicted)
    limit.end = end(of: failure, found.resource)
    // The guard is ours, not a system call's.
    if failure.syscall == FailureRecord.memoryGuardCall { limit.syscall = nil }
    return limit
  }

  /// The end that has the limit is not always the one that met it.
  private func end(of failure: FailureRecord, _ resource: Resource) -> End {
    switch resource {
    case .acceptQueue, .nobodyListens: .server
    // Who is closed on meets it; the other one did it.
    case .closedByPeer: failure.end == .client ? .server : .client
    case .memoryGuard: .host
    default: failure.end
    }
  }

  /// Connections that the client counts and the server never accepted, or a goal that was missed
  /// without a failure: said as it is, not guessed.
  private func unexplained(_ phase: PhaseRecord, retried: Int, late: Int) -> LimitRecord {
    let found =
      phase.phantom == 0
      ? nil
      : diagnosePhantoms(
        at: endpoints, before: before, after: after, host: host, demand: demand, path: path)
    // The clients hold nothing more: what is left is left at the server, which has not heard of it.
    let isLeftAtServer = phase.kind == .close && path.held == 0
    let left =
      isLeftAtServer
      ? [Fact("held by the clients", "none: their closes have not reached the server")] : []
    return LimitRecord(
      end: phase.phantom > 0 || isLeftAtServer ? .server : .client, phase: phase.name,
      planLine: phase.planLine,
      resource: found?.resource ?? .unclassified, count: max(1, phase.phantom),
      firstInstant: phase.ended ?? 0, established: phase.established, accepted: phase.accepted,
      knob: found?.knob, now: found?.now, needed: found?.needed, fix: found?.fix,
      predicted: predicted,
      evidence: [
        Fact(
          "failures",
          retried == 0
            ? "none was recorded"
            : "none but \(Format.count(retried)) handshakes, which were tried again"),
        Fact("phantom", "\(Format.count(phase.phantom)) established, never accepted"),
      ]
        + (late == 0
          ? []
          : [
            Fact(
              "begun too late",
              "\(Format.count(late)) arrivals, more than a second after they were due"),
            Fact("client workers", "were stopped, or had no processor for that long"),
          ])
        + left + (found?.evidence ?? [])
        + guess(found?.resource ?? .unclassified, held: phase.established - phase.phantom))
  }

  /// What the number at which someone else's server stopped usually is.
  private func guess(_ resource: Resource, held: Int) -> [Fact] {
    guard demand.serverWorkers == nil else { return [] }
    switch resource {
    case .closedByPeer, .acceptQueue, .packetsDropped, .nobodyListens, .noRoute, .unclassified:
      return NumberGuess.fact(stood: held).map { [$0] } ?? []
    default: return []
    }
  }

  private var predicted: Int? { prediction.binding?.connections }
}
