import Host
import Judgement
import Linux
import Plan
import Probe
import Recording
import SystemPackage
import WorkerLog

/// Looks at the scoreboards and the kernel, and notes what they say.
extension Coordinator {
  /// Reads the scoreboards: peaks, failures, dead workers, limits, memory.
  ///
  /// - Parameter isLast: whether it is the last look at this phase.
  mutating func observe(isLast: Bool = false) {
    updatePortsFreeOfClients()
    let established = fleet.current(.held, .client)
    let accepted = acceptedByCounters
    state.phases[phaseIndex].established = max(state.phases[phaseIndex].established, established)
    state.phases[phaseIndex].accepted = max(state.phases[phaseIndex].accepted, accepted)
    sampler.emptyDriveLogs(of: fleet)
    for index in fleet.reap() { recordDeath(of: index) }
    if ledger.update(from: fleet, at: clock.now(), isLast: isLast) {
      state.failures = ledger.records
      noteFilesOpen()
      // The peak may lie between two looks: the record of a failure has the counts at its own instant.
      for record in ledger.records where record.phase == state.phases[phaseIndex].name {
        state.phases[phaseIndex].established = max(
          state.phases[phaseIndex].established, record.established)
        state.phases[phaseIndex].accepted = max(state.phases[phaseIndex].accepted, record.accepted)
      }
    }
    stopGrowthAtLimit()
    noteEndOfGrowth()
    if !isLast { lookForAcceptance() }
  }

  private mutating func noteFilesOpen() {
    let name = state.phases[phaseIndex].name
    guard ledger.records.contains(where: { $0.phase == name && $0.errno?.name == "ENFILE" }) else {
      return
    }
    mostFilesOpen = max(mostFilesOpen, hostReadings.readings().values[.filesOpen] ?? 0)
  }

  /// Notes the end of growth for the connect rate, which counts up to it. Growth has ended when every client is
  /// at its limit, a server is at its own, or the memory guard has stopped all clients.
  private mutating func noteEndOfGrowth() {
    let phaseIndex = phaseIndex
    guard plan.phases[phaseIndex].kind.phaseKind.hasConnectRate,
      state.phases[phaseIndex].started != nil,
      course.guardStop != nil || fleet.any(.server, { $0.isLimited(in: phaseIndex) })
        || fleet.all(.client, { $0.isLimited(in: phaseIndex) })
    else { return }
    let now = clock.now().seconds(since: started)
    state.phases[phaseIndex].openedUntil = min(state.phases[phaseIndex].openedUntil ?? now, now)
  }

  mutating func stopGrowthAtLimit() {
    guard course.mayGrow else { return }
    lookAtMemory()
    if memoryIsShort(), !fleet.hasSettled {
      let now = clock.now().seconds(since: started)
      follow(
        course.handle(
          .memoryIsShort(
            FailureRecord(
              end: .host, worker: nil, phase: plan.phases[phaseIndex].name,
              syscall: FailureRecord.memoryGuardCall, errno: nil, count: 1,
              firstInstant: now, stoppedAt: now,
              established: fleet.current(.held, .client), accepted: fleet.heldAtServer,
              source: nil, endpoint: nil))))
    }
    let phaseIndex = phaseIndex
    // A client at its limit stops by itself, and the other clients go on until they are done or at theirs.
    if fleet.any(.server, { $0.isLimited(in: phaseIndex) }) {
      follow(course.handle(.serverIsLimited))
    }
    limitInSight =
      course.guardStop?.cause
      ?? ledger.deciding(
        in: plan.phases[phaseIndex].name, beyond: failuresBeforeStep, since: stepStarted)?.cause
  }

  /// Reads the available memory. While connections grow the memory guard needs it at every look; otherwise it is
  /// only shown, and read at samples.
  private mutating func lookAtMemory() {
    memoryAvailable = hostReadings.availableMemory() ?? memoryAvailable
  }

  func memoryIsShort() -> Bool {
    guard let memoryAvailable, plan.memoryGuard != nil else { return false }
    return memoryAvailable <= demand.bytesGuarded(on: host)
  }

  mutating func recordDeath(of index: Int) {
    updateWorkers()
    var limit = finder(hostReadings.readings()).limit(
      ofDeath: state.workers[index], in: state.phases[phaseIndex],
      at: clock.now().seconds(since: started))
    // A worker that ended by itself may have left the reason on its scoreboard.
    let board = fleet.members[index].board
    if board[.state] == WorkerState.failed.rawValue, let last = board.failures.rows().last {
      let errno = last.errno.map { " " + ErrnoName.symbol(of: $0.rawValue) } ?? ""
      limit.evidence.append(Fact("what failed last", last.call.name + errno))
    }
    state.limits.append(limit)
    note(limit)
  }

  func finder(_ readings: [Reading]) -> LimitFinder {
    var after =
      (readings
      + sampler.connectionReadings(
        fleet, heldAtServer: acceptedByCounters, failures: state.failures))
      .values
    after[.filesOpen] = after[.filesOpen].map { max($0, mostFilesOpen) }
    var finder = LimitFinder(
      host: host, demand: demand, prediction: prediction, before: countersBefore,
      after: after,
      path: pathFindings,
      endpoints: endpoints)
    finder.tightestGroup = hostReadings.tightestGroup()
    finder.loweredDescriptors = loweredDescriptors
    finder.processors = processorFindings(readings)
    return finder
  }

  /// RLIMIT_NOFILE of the living workers whose limit somebody has lowered since they began, by worker.
  private var loweredDescriptors: [Int: Int] {
    let granted = min(
      host.descriptors.hard, host.descriptorsPerProcess, ServerAssignment.mostDescriptors)
    var lowered: [Int: Int] = [:]
    for member in fleet.members where member.isAlive {
      guard let limit = hostReadings.descriptorLimit(of: member.process.id), limit < granted
      else { continue }
      lowered[member.id] = limit
    }
    return lowered
  }

  mutating func note(_ limit: LimitRecord) {
    progress.note("\(plan.name): limit: \(limit.cause)")
  }

  mutating func measureMemory() {
    for (index, member) in fleet.members.enumerated() where member.isAlive {
      let bytes = hostReadings.privateBytes(of: member.process.id)
      state.workers[index].privateBytes = [bytes, state.workers[index].privateBytes]
        .compactMap(\.self).max()
    }
  }

  mutating func updateWorkers() {
    for (index, member) in fleet.members.enumerated() {
      state.workers[index].update(from: member, in: fleet)
    }
  }

  /// Takes a sample, with the given readings and those of the path, writes it to the recording, and ends the run where a
  /// condition with `abort` has failed.
  ///
  /// - Parameters:
  ///   - instant: when the sample is; nil for now.
  ///   - phaseEnded: whether it is the last sample of the phase.
  mutating func sample(
    _ readings: [Reading], at instant: Instant? = nil, phaseEnded: Bool = false
  ) throws(RecordingError) {
    let now = instant ?? clock.now()
    sampleClock.noteSample(at: now)
    lookAtMemory()
    updateWorkers()
    lookForAcceptance(isSample: true)
    let sample = sampler.sample(
      fleet, at: now, kernel: lookAtPath(adding: readings), failures: state.failures,
      phase: state.phases[phaseIndex].name, ownProcessorTime: hostReadings.ownProcessorTime(),
      heldAtServer: acceptedByCounters, state: state)
    try writer.append(sample)
    if let answers = sample.distributions.last(where: { $0.latency == .roundTrip }) {
      roundTripP99 = answers.distribution.seconds(at: .p99)
    }
    live?.append(sample, state: state)
    abortIfDecided(phaseEnded: phaseEnded)
  }

  /// Ends the phase and the run when a threshold with `abort` is known to fail.
  private mutating func abortIfDecided(phaseEnded: Bool) {
    guard !course.isAborted, !course.isInterrupted,
      let violation = live?.violated(
        of: plan.thresholds.filter(\.aborts), in: state.phases[phaseIndex].name,
        phaseEnded: phaseEnded)
    else { return }
    state.phases[phaseIndex].abortedBy = violation.text
    state.phases[phaseIndex].abortedAt = clock.now().seconds(since: started)
    state.phases[phaseIndex].outcome = .aborted
    progress.note("\(plan.name): ends here: \(violation.text)")
    follow(course.handle(.violated))
  }

  func progressState() -> ProgressState {
    let record = state.phases[phaseIndex]
    return ProgressState(
      plan: plan.name, phase: record.title, elapsed: clock.now().seconds(since: started),
      phaseElapsed: clock.now().seconds(since: phaseStarted), goal: record.goal,
      planned: plan.phases[phaseIndex].plannedSeconds, established: fleet.current(.held, .client),
      accepted: ownServerCanTell ? fleet.heldAtServer : nil,
      connecting: fleet.current(.connecting, .client),
      failures: fleet.total(.failures, .client) + fleet.total(.failures, .server),
      messages: messages, memoryAvailable: memoryAvailable.map(Double.init), limit: limitInSight)
  }

  private var messages: ProgressState.Messages? {
    guard !plan.patterns.isEmpty else { return nil }
    return ProgressState.Messages(
      sent: messagesSent, lost: MessageOutcome.lost.reduce(0) { $0 + messages($1) },
      roundTripP99: roundTripP99)
  }

  var messagesSent: Int { messages(.sent) }

  private func messages(_ outcome: MessageOutcome) -> Int {
    plan.patterns.indices.reduce(0) { $0 + fleet.total($1, MessageCounter(outcome), .client) }
  }
}
