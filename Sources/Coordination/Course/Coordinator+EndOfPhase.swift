import Host
import Linux
import Messages
import Plan
import Probe
import Recording
import SystemPackage
import WorkerLog

/// What a phase came to when it ends: its counts, its promise, and the limits that broke it.
extension Coordinator {
  /// Writes down how the phase went; false when a limit kept it from its promise.
  mutating func endPhase() throws(RecordingError) -> Bool {
    let now = clock.now()
    var (established, accepted) = countHeld()
    standingAtEnd = state.phases[phaseIndex].kind.closes ? nil : standing
    observe(isLast: true)
    var record = state.phases[phaseIndex]
    // Other programs may connect from the clients' own addresses, and `count` then includes their connections.
    // The kernel tells how many connections from these addresses have both ends on this host (`whole`). Those
    // that the clients do not hold are the other programs'.
    if record.kind.closes, hasOwnServer, let count = accepted, count > 0,
      let whole = hostReadings.path.heldAtBothEnds
    {
      accepted = max(0, count - max(0, whole - established))
    }
    // Where NAT rewrites the clients' addresses, the server counts the clients' connections as
    // strangers'. Those that it still holds are added here.
    if record.kind.closes, hasOwnServer {
      let left = hostReadings.path.stillHeldBehindNAT
      if left > 0 { accepted = (accepted ?? 0) + left }
    }
    record.ended = now.seconds(since: started)
    // Where a listener was replaced in this phase, the connections that waited at the old one have left its
    // queue and were not accepted. So `unaccepted` keeps its value from the begin of the phase: with a new
    // value these connections would count as accepted.
    let counts = PhaseCounts(
      fleet, atServer: accepted,
      unaccepted: hostReadings.path.findings.restarted.isEmpty
        ? acceptance.unaccepted(fleet) : atBegin.unaccepted,
      unacceptedByDeadline: unacceptedByDeadline)
    countsAtEnd = record.kind.closes ? nil : counts
    let onlyAtClients = accepted.map { max(0, established - $0) } ?? 0
    phantoms = min(onlyAtClients, mostPhantoms(in: record))
    goneAtServer = onlyAtClients - phantoms
    redirected = onlyAtClients > 0 ? countRedirected(established) : 0
    // A churn reports only its own phantoms: the phases before have reported those that stood
    // before it.
    record.phantom =
      record.kind.comesAndGoes ? unacceptedByDeadline : max(record.phantom, phantoms)
    record.accepted = max(record.accepted, acceptedForSure ?? accepted ?? 0)
    // Where nobody knows the total, a partial count must not stand for it. In a phase without phantoms a 0
    // means that the number is unknown (`PhaseRecord.held`).
    if accepted == nil, record.phantom == 0 { record.accepted = 0 }
    // Where someone else's server has accepted all connections of a churn, it has held all that the clients
    // held, except for the phantoms from before.
    if !hasOwnServer, record.kind.comesAndGoes, hostReadings.path.knowsServer, sawAcceptance,
      unacceptedByDeadline == 0
    {
      record.accepted = max(record.accepted, record.established - phantoms)
    }
    acceptedAtEnd = accepted
    let failures = failures(of: record)
    record.failures = failures.reduce(0) { $0 + $1.count }
    record.promise = promise(of: record, counts)
    // What was there for a moment and is gone again has not come back, nor has what was never cut.
    record.recovery = record.promise?.isKept == true && storm.cut > 0 ? storm.recovery : nil
    record.outcome = course.outcome(isKept: keeps(record))
    state.phases[phaseIndex] = record
    let readings = hostReadings.readings()
    if record.outcome == .limit || record.ceiling != nil {
      _ = lookAtPath(adding: readings)
      try fileLimits(of: record, failures, readings)
      // `fileLimits` may have called `verify`, which sends a byte on each connection. A connection that turned
      // out to be lost then is lost in this phase, not in the next.
      let lost = PhaseCounts(fleet, atServer: nil).lostAtClient(since: counts)
      if lost > 0, !record.kind.closes {
        countsAtEnd = PhaseCounts(
          fleet, atServer: accepted.map { max(0, $0 - lost) }, unaccepted: counts.unaccepted)
      }
      state.phases[phaseIndex].failures = self.failures(of: record).reduce(0) { $0 + $1.count }
    }
    // The last sample belongs to the phase: it has the answers that came at its very end.
    let end = clock.now()
    state.phases[phaseIndex].ended = end.seconds(since: started)
    try sample(readings, at: end, phaseEnded: true)
    hostReadings.path.stopTracing()
    failuresAtEnd = ledger.recordsByEndpoint
    return record.outcome != .limit
  }

  /// The failures of a phase by endpoint. Those between the end of the phase before and the begin of this one
  /// count as this one's. The workers have filed them under the phase before, since they knew no other yet.
  private func failures(of record: PhaseRecord) -> [FailureRecord] {
    let own = ledger.recordsByEndpoint.filter { $0.phase == record.name }
    guard let before = phaseBefore.map({ state.phases[$0] }) else { return own }
    return own
      + ledger.recordsByEndpoint(beyond: failuresAtEnd).filter { $0.phase == before.name }.map {
        failure in
        var failure = failure
        failure.phase = record.name
        failure.firstInstant = max(failure.firstInstant, before.ended ?? 0)
        return failure
      }
  }

  /// The phase that the workers were in before this one.
  private var phaseBefore: Int? { begun.last == phaseIndex ? begun.before : begun.last }

  private func promise(of record: PhaseRecord, _ counts: PhaseCounts) -> PhasePromise? {
    let steps = state.searchSteps.filter { $0.phase == record.name }
    return PhasePromise(
      plan.phases[phaseIndex], from: atBegin, to: counts, arrivals: arrivals, storm: storm,
      found: record.ceiling != nil || steps.contains { $0.outcome == .tooMany })
  }

  /// Whether the phase kept its promise. A worker that died or was given up breaks the promise of any phase:
  /// such a worker is among the limits before `fileLimits` adds others.
  private func keeps(_ record: PhaseRecord) -> Bool {
    record.promise?.isKept != false && !hasUselessWorker
      && !state.limits.contains { $0.phase == record.name }
  }

  private mutating func fileLimits(
    of record: PhaseRecord, _ failures: [FailureRecord], _ readings: [Reading]
  ) throws(RecordingError) {
    // A search has met no limit where it found its number, no failure cost a connection, and the memory guard
    // did not stop it.
    let needsNone =
      record.ceiling != nil && failures.allSatisfy { $0.finalCount == 0 } && course.guardStop == nil
    var explained = record
    // Where `phantomLimits` explain the phantoms of a search, the finder must not report them again.
    explained.phantom =
      record.ceiling == nil || phantomLimits.isEmpty ? record.newPhantoms : 0
    var limits =
      needsNone
      ? []
      : finder(readings).limits(
        of: explained, failures: failures, memoryGuard: course.guardStop,
        workerDied: state.limits.contains { $0.phase == record.name },
        late: lateArrivals(readings),
        delay: storm.delay, gone: goneClients)
    if record.ceiling != nil { limits += phantomLimits }
    if record.outcome == .limit, let alive = try verify() {
      for index in limits.indices { limits[index].evidence.append(alive) }
    }
    if let said = fleet.members.lazy.map(\.board.unasked).first(where: { !$0.isEmpty }) {
      for index in limits.indices where limits[index].resource == .closedByPeer {
        limits[index].evidence.append(Fact("the peer said", shown(said)))
      }
    }
    for index in limits.indices
    where limits[index].resource == .refusedByPeer || limits[index].isSilence {
      limits[index].evidence += words(of: limits[index])
    }
    state.limits += limits
    for limit in limits { note(limit) }
  }

  /// Why a layer on top of TCP was refused, or what of it has not come: what the client heard or missed where that cost
  /// the most connections, with its number, and what else; and where the layer was refused, the words of the server
  /// end. Text that a peer sent is escaped in them.
  ///
  /// What was said with the limit's call and errno is taken, from this phase; or from the phase before, where all failures
  /// of the limit came between the two (`failures(of:)`). A server that refuses a client of TLS 1.3 does so before the
  /// client hears of it, and so may have had its word in the phase before.
  private func words(of limit: LimitRecord) -> [Fact] {
    let isOfThisPhase = ledger.records.contains {
      $0.phase == limit.phase && $0.syscall == limit.syscall && $0.errno == limit.errno
    }
    let place = isOfThisPhase ? phaseIndex : phaseBefore ?? phaseIndex
    var ofServer = refusals(.server, like: limit, in: place).mostCostly
    if ofServer == nil, let phaseBefore {
      ofServer = refusals(.server, like: limit, in: phaseBefore).mostCostly
    }
    let ofClient = refusals(.client, like: limit, in: place)
    let mask = DataMask(plan.data.flatMap(\.columns))
    if limit.isSilence { return ofClient.factsOfSilence(mask) }
    return ofClient.facts(mask)
      + (ofServer.map { [Fact("the server end's own words", mask.masked($0.words))] } ?? [])
  }

  /// The refusals with the limit's call and errno that workers of one end have met in a phase.
  private func refusals(_ end: End, like limit: LimitRecord, in phase: Int) -> RefusalTally {
    var tally = RefusalTally()
    for member in fleet.members where member.end == end {
      for row in member.board.refusals.rows(of: phase)
      where row.call.name == limit.syscall
        && row.errno.map({ Int($0.rawValue) }) == limit.errno?.number
      {
        tally.add(row.refusal, row.count, retried: row.retried)
      }
    }
    return tally
  }

  /// How many client workers have died, so that nobody opens their share of a phase; nil where none has.
  private var goneClients: Fact? {
    let clients = fleet.members.filter { $0.end == .client }
    let gone = clients.count { !$0.isAlive }
    return gone == 0
      ? nil
      : Fact("client workers", "\(gone) of \(clients.count) had died: nobody opens their share")
  }

  /// Asks how many of the held connections are alive: the clients send one byte on each, which must come back.
  /// Nil where nobody is asked: the plan does not go on after a limit (`on-limit`), the run was interrupted, the
  /// server is someone else's or does not echo, the connections speak HTTP or MQTT, or the clients hold none.
  mutating func verify() throws(RecordingError) -> Fact? {
    guard plan.onLimit == .hold, plan.server?.reply == .echo, !plan.protocol.isHTTP,
      !plan.protocol.isMQTT,
      !course.isInterrupted
    else {
      return nil
    }
    let held = fleet.current(.held, .client)
    guard held > 0 else { return nil }
    let before = fleet.total(.verified, .client)
    fleet.post(.verify, phase: phaseIndex, start: clock.now())
    try settle { fleet in fleet.total(.verified, .client) - before >= held }
    let alive = fleet.total(.verified, .client) - before
    let text = "\(Format.count(alive)) of \(Format.count(held)) answered"
    progress.note("\(plan.name): \(text) a byte after the limit")
    return Fact("alive after the limit", text)
  }
}
