import Host
import Linux
import Plan
import Probe
import Recording
import SystemPackage

/// What the scoreboards and the kernel say.
extension Coordinator {
  /// Reads the scoreboards: peaks, failures, dead workers, limits, memory.
  mutating func observe() {
    let established = fleet.now(.held, .client)
    let accepted = fleet.now(.held, .server)
    state.phases[phase].established = max(state.phases[phase].established, established)
    state.phases[phase].accepted = max(state.phases[phase].accepted, accepted)
    sampler.takeDriven(fleet)
    for index in fleet.reap() { recordDeath(of: index) }
    if ledger.update(from: fleet) {
      state.failures = ledger.records
    }
    stopGrowthAtLimit()
  }

  mutating func stopGrowthAtLimit() {
    guard !growthStopped, plan.phases[phase].kind.word.grows else { return }
    lookAtMemory()
    let isShort = memoryIsShort() && !fleet.hasSettled
    if isShort, guardStop == nil {
      let now = Instant.now().seconds(since: started)
      guardStop = FailureRecord(
        end: .host, worker: nil, phase: plan.phases[phase].name,
        syscall: FailureRecord.memoryGuardCall, errno: nil, count: 1,
        firstInstant: now, stopped: now,
        established: fleet.now(.held, .client), accepted: fleet.now(.held, .server), source: nil,
        endpoint: nil)
    }
    let phase = phase
    // A client that is out of something stops by itself, and the others go on to their own end.
    // A server cannot stop its clients.
    if isShort || fleet.any(.server, { $0.isLimited(in: phase) }) {
      growthStopped = true
      fleet.post(.settle, phase: phase)
    }
    limitInSight =
      guardStop.map(\.cause)
      ?? ledger.records.last { $0.phase == plan.phases[phase].name }.map(\.cause)
  }

  /// As often as the guard needs it while connections grow; else it is only shown.
  private mutating func lookAtMemory() {
    memoryAvailable = meter.available() ?? memoryAvailable
  }

  func memoryIsShort() -> Bool {
    guard let memoryAvailable, plan.memoryGuard != nil else { return false }
    return memoryAvailable <= demand.bytesGuarded(on: host)
  }

  mutating func recordDeath(of index: Int) {
    updateWorkers()
    var limit = finder(kernel.readings()).limit(
      ofDeath: state.workers[index], in: state.phases[phase],
      at: Instant.now().seconds(since: started))
    // Of one that ended by itself, the scoreboard says why.
    let board = fleet.members[index].board
    if board[.state] == WorkerState.failed.rawValue, let last = board.failures.rows().last {
      let errno = last.errno.map { " " + ErrnoName.symbol(of: $0.rawValue) } ?? ""
      limit.evidence.append(Fact("what failed last", last.call.name + errno))
    }
    state.limits.append(limit)
    note(limit)
  }

  func finder(_ readings: [Reading]) -> LimitFinder {
    LimitFinder(
      host: host, demand: demand, prediction: prediction, before: countersBefore,
      after: readings.values)
  }

  mutating func note(_ limit: LimitRecord) {
    progress.note("\(plan.name): limit: \(limit.cause)")
  }

  mutating func measureMemory() {
    for (index, member) in fleet.members.enumerated() where member.isAlive {
      let bytes = MemoryMeter.privateBytes(of: member.child.id)
      state.workers[index].privateBytes = [bytes, state.workers[index].privateBytes]
        .compactMap(\.self).max()
    }
  }

  /// Seconds that a phase must take for its pace to mean something.
  private static let leastPace = 0.2

  /// Says why a phase went slower than planned, where it did. A limit is a reason of its own.
  ///
  /// - Parameters:
  ///   - before: handshakes that had finished when the phase began.
  ///   - tail: time at its end in which nothing is opened any more.
  mutating func remarkOnPace(since before: Int, tail: Duration = .zero) {
    let phase = phase
    let elapsed = Instant.now().seconds(since: phaseStarted) - tail / .seconds(1)
    guard let planned = state.phases[phase].plannedRate, elapsed > Self.leastPace, !growthStopped,
      !interrupted,
      !fleet.any(.client, { $0.isLimited(in: phase) })
    else { return }
    let rate = Double(fleet.total(.established, .client) - before) / elapsed
    guard rate < 0.9 * planned else { return }
    let cause = diagnose(
      rate: rate, planned: planned, before: countersBefore, after: kernel.readings().values,
      host: host, demand: demand)
    let remark =
      "\(Format.rate(rate)) of \(Format.rate(planned)) planned: "
      + (cause == nil ? "the processors were not the reason" : "every core was busy")
    state.phases[phase].remark = remark
    progress.note("\(plan.name): \(state.phases[phase].name): \(remark)")
  }

  mutating func updateWorkers() {
    for (index, member) in fleet.members.enumerated() {
      state.workers[index].update(from: member)
    }
  }

  mutating func sample(
    _ readings: [Reading], at now: Instant = .now(), phaseEnded: Bool = false
  ) throws(RecordingError) {
    samples.took(at: now)
    lookAtMemory()
    updateWorkers()
    let sample = sampler.sample(
      fleet, at: now, kernel: readings, failures: state.failures, phase: state.phases[phase].name,
      state: state)
    try writer.append(sample)
    if let answers = sample.distributions.last(where: { $0.metric == "rtt" }) {
      roundTripP99 = answers.distribution.percentile(99).map { Double($0) / 1e9 }
    }
    live?.append(sample, state: state)
    abortIfDecided(phaseEnded: phaseEnded)
  }

  /// Ends the phase and the run when a threshold that asks for it is known to fail.
  private mutating func abortIfDecided(phaseEnded: Bool) {
    guard aborted == nil, !interrupted,
      let violation = live?.violated(
        of: plan.thresholds.filter(\.aborts), in: state.phases[phase].name, phaseEnded: phaseEnded)
    else { return }
    aborted = violation
    state.phases[phase].abortedBy = violation.text
    state.phases[phase].outcome = .aborted
    isCut = true
    cutPhase = phase
    progress.note("\(plan.name): ends here: \(violation.text)")
    fleet.post(.settle, phase: phase)
  }

  func progressState() -> ProgressState {
    let record = state.phases[phase]
    return ProgressState(
      plan: plan.name, phase: record.title, elapsed: Instant.now().seconds(since: started),
      phaseElapsed: Instant.now().seconds(since: phaseStarted), goal: record.goal,
      planned: plan.phases[phase].plannedSeconds, established: fleet.now(.held, .client),
      accepted: hasOwnServer ? fleet.now(.held, .server) : nil,
      connecting: fleet.now(.connecting, .client),
      failures: fleet.total(.failures, .client) + fleet.total(.failures, .server),
      messages: messages, memoryAvailable: memoryAvailable.map(Double.init), limit: limitInSight)
  }

  private var messages: ProgressState.Messages? {
    guard !plan.patterns.isEmpty else { return nil }
    func total(_ outcome: MessageOutcome) -> Int {
      plan.patterns.indices.reduce(0) {
        $0 + fleet.total($1, MessageCounter(outcome), .client)
      }
    }
    return ProgressState.Messages(
      sent: total(.sent), lost: MessageOutcome.lost.reduce(0) { $0 + total($1) },
      roundTripP99: roundTripP99)
  }
}
