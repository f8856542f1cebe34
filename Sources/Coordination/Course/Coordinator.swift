package import Host
import Judgement
package import Linux
import Messages
import Plan
package import Probe
package import Recording
import SystemPackage

/// Drives one plan from its first phase to its last and records what happens.
///
/// It opens no load-bearing socket and has one thread: it writes orders on the workers'
/// scoreboards, reads their counters, and sleeps until the next sample, a
/// worker's call for attention, or a signal.
package struct Coordinator: ~Copyable {
  /// How long workers are given to notice what has already happened, such as a reset on its way or
  /// a connection to accept. Counts anew whenever something moves, up to `longestSettleTime`.
  static let settleTime = Duration.seconds(2)
  static let longestSettleTime = Duration.seconds(60)
  /// The longest time between two looks: growth must stop in time when memory runs out.
  static let tick = Duration.milliseconds(100)

  let plan: Plan
  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  let replay: Replay?
  /// When the first replayed phase began: in the original's time (`Replay.instants`), and in this run.
  var replayStarted: (recorded: Double, now: Instant)?
  let started: Instant
  var fleet: Fleet
  let writer: RecordingWriter
  var progress: any Progress

  let clock: any RunClock
  let hostReadings: any HostReadings
  let endpoints: [String]
  /// The ports that the kernel gives to any program's connections.
  let ephemeralPorts: ClosedRange<UInt16>?
  var sampler: Sampler
  var ledger: FailureLedger
  var state: RunState
  var samples: SampleClock
  var course: RunCourse
  var phase: Int { course.phase }
  var phaseStarted: Instant
  /// Bytes.
  var memoryAvailable: Int?
  /// Seconds, of the last interval in which answers came.
  var roundTripP99: Double?
  /// The limits that explain the phantoms that a search has met, where nothing failed.
  var phantomLimits: [LimitRecord] = []
  var limitInSight: String?
  /// What the workers had counted when the phase began: its promise is measured against it.
  var atBegin: PhaseCounts
  /// Kernel counters when the phase began: what rose since is evidence.
  var countersBefore: [Series.Key: Double] { loadBefore.counters }
  var loadBefore: LoadReading
  /// The most files open on the host at any look of this phase after ENFILE. The run's own may be
  /// closed again by the end of the phase.
  var mostFilesOpen = 0.0
  /// Whether clients spend the last moments before a message is due awake, and so use more
  /// processor time than their work takes.
  let clientsWaitAwake: Bool
  /// Handshakes that had finished, and connections that peers had closed, when the phase began.
  var establishedBefore = 0
  var closedByPeerBefore = 0
  /// Connections that the server end had accepted and held at the end of the most recent phase; nil
  /// where nobody can know.
  var acceptedAtEnd: Int?
  /// The fewest connections that someone else's server can have had at the last look; nil where
  /// that look told the exact number, or nothing.
  var acceptedForSure: Int?
  /// What both ends held at the end of the most recent phase, by the workers' counters; nil after a close.
  var standingAtEnd: Standing?
  /// Counts the connections of this phase that the server has not accepted yet.
  var acceptance: Acceptance
  /// Connections of this churn that nobody had accepted a second after the last of them was closed.
  var unacceptedByDeadline = 0
  /// Of these, those that waited at a listener, or were lost when their listener was closed.
  var queuedAtDeadline = 0
  /// Connections that stood at the end of the most recent phase and no server had ever accepted.
  var phantoms = 0
  /// Connections that the clients held when the phase ended, and the server had accepted and lost.
  var goneAtServer = 0
  /// Connections that NAT had redirected to another program when the phase ended.
  var redirected = 0
  /// The load when the last arrival of this churn was due; nil before, and in other phases.
  var loadWhileOpening: LoadReading?
  /// Whether someone else's server on this host was seen to have a connection of ours.
  var sawAcceptance = false
  /// What had failed at the end of the most recent phase.
  var failuresAtEnd: [FailureRecord] = []
  /// What had failed when this step of a search began.
  var failuresBeforeStep: [FailureRecord] = []
  /// Messages that had not been answered when a search last closed all connections.
  var missingBeforeStep = 0
  /// Whether something still moved when `longestSettleTime` was over.
  var stillMoves = false
  /// Nil for plans without conditions that decide while the run goes on.
  var live: LiveRecording?

  package init(
    prepared: PreparedRun, fleet: consuming Fleet, clock: any RunClock, kernel: any HostReadings,
    writer: RecordingWriter, state: RunState, started: Instant, progress: any Progress
  ) {
    self.clock = clock
    self.hostReadings = kernel
    plan = prepared.plan
    host = prepared.host
    demand = prepared.demand
    prediction = prepared.prediction
    replay = prepared.replay
    endpoints = prepared.staffing.endpoints.map { "\($0)" }
    ephemeralPorts = prepared.addresses.ephemeralPorts
    self.started = started
    self.writer = writer
    self.progress = progress
    self.state = state
    sampler = Sampler(
      sources: prepared.staffing.sources.map { "\($0)" },
      patterns: prepared.plan.patterns.map(\.name),
      pushes: prepared.plan.pushes, started: started)
    live = prepared.plan.hasLiveConditions ? LiveRecording(planName: prepared.plan.name) : nil
    ledger = FailureLedger(
      clients: prepared.staffing.clients, phases: plan.phases.map(\.name), started: started)
    samples = SampleClock(every: prepared.plan.sampling.every, from: clock.now())
    course = RunCourse(kinds: plan.phases.map(\.kind.phaseKind), onLimit: plan.onLimit)
    phaseStarted = started
    atBegin = PhaseCounts(fleet, atServer: prepared.plan.server == nil ? nil : 0)
    acceptance = Acceptance(
      fleet, path: hostReadings.path, hasOwnServer: prepared.plan.server != nil)
    loadBefore = LoadReading(at: started, counters: [:], workerTimes: [], connectionsBegun: 0)
    clientsWaitAwake = prepared.staffing.clients.contains { $0.wakeLead > 0 }
    self.fleet = fleet
  }

  /// Runs all phases, then ends the workers. The recording stays open for the verdict.
  package mutating func drive() throws(RecordingError) -> RunEnd {
    try runPhases()
    endWorkers()
    // Takes pending signals, so that a repeated one, as timeout(1) sends it, is not counted later
    // as a request of its own.
    sleep(until: clock.now())
    progress.finish()
    return RunEnd(
      duration: clock.now().seconds(since: started), interrupted: course.isInterrupted, state: state
    )
  }

  // MARK: Phases

  private mutating func runPhases() throws(RecordingError) {
    try awaitListeners()
    while let index = course.enterNextPhase() {
      let isKept = try run(index)
      follow(course.take(.phaseEnded(isKept: isKept, canGoOn: !hasUselessWorker)))
    }
  }

  mutating func follow(_ decision: RunCourse.Decision) {
    switch decision {
    case .nothing: break
    case .settle: fleet.post(.settle, phase: phase, start: clock.now())
    case .exit:
      hostReadings.path.stopTracing()
      CurrentProcess.exit(ExitStatus.interrupted)
    }
  }

  /// Whether a worker could not begin at all: without that worker no later phase means anything.
  private var hasUselessWorker: Bool {
    // Also where the worker has ended since.
    fleet.members.contains { $0.board[.state] == WorkerState.failed.rawValue }
  }

  /// Runs one phase; false when a limit kept it from its promise.
  ///
  /// Nothing is begun when a server cannot listen: clients would connect to whoever holds its port.
  mutating func run(_ index: Int) throws(RecordingError) -> Bool {
    phaseStarted = clock.now()
    limitInSight = nil
    unacceptedByDeadline = 0
    queuedAtDeadline = 0
    stillMoves = false
    goneAtServer = 0
    redirected = 0
    mostFilesOpen = 0
    loadWhileOpening = nil
    phantomLimits = []
    failuresBeforeStep = []
    let readings = hostReadings.readings()
    loadBefore = load(readings)
    updatePortsFreeOfClients()
    hostReadings.path.begin(countersBefore, hasClients: fleet.total(.opened, .client) > 0)
    establishedBefore = fleet.total(.established, .client)
    closedByPeerBefore = fleet.total(.closedByPeer, .client)
    // Counted before the phase begins: by the first look, a close has already closed some.
    state.phases[index].established = fleet.current(.held, .client)
    state.phases[index].accepted = acceptedByCounters
    state.phases[index].plannedRate = plan.phases[index].plannedRate(
      from: state.phases[index].established)
    try sample(readings)
    // What is lost while a replay waits for the phase is this phase's.
    acceptance = Acceptance(fleet, path: hostReadings.path, hasOwnServer: hasOwnServer)
    atBegin = PhaseCounts(
      fleet,
      atServer: acceptedAtBegin(),
      unaccepted: acceptance.waiting(fleet))
    phaseStarted = try startOfPhase(index)
    // A replay may have waited for the start of the phase.
    if replay != nil { loadBefore = load(hostReadings.readings()) }
    guard course.goesOn else { return true }
    state.phases[index].started = phaseStarted.seconds(since: started)
    state.phases[index].openedUntil = lastArrivalDue(index)?.seconds(since: started)
    // Set first, so that the recording is right about this phase whatever cuts the run off.
    state.phases[index].outcome = .interrupted
    course.startGrowing()
    progress.phaseChanged(progressState())
    if !hasUselessWorker {
      fleet.post(.begin, phase: index, start: phaseStarted)
      let unaskedBefore = fleet.total(.unasked, .client)
      let closed = fleet.total(.closedByPeer, .client)
      try work(plan.phases[index])
      remarkOnLosses(since: closed)
      remarkOnUnasked(since: unaskedBefore)
    }
    return try endPhase()
  }

  /// Lets no further message begin, and waits for outstanding answers: as long as the patterns
  /// allow, or only `settleTime` in a run that a condition has ended.
  mutating func endMessages(unsentBefore: Int) throws(RecordingError) {
    sampler.stopMessages(at: clock.now())
    try sample(hostReadings.readings())
    follow(course.take(.messagesStopped))
    let longest = course.isAborted ? 0 : plan.patterns.map(\.longest).max() ?? 0
    let deadline = clock.now().advanced(byNanoseconds: longest).advanced(by: Self.settleTime)
    try loop(until: deadline) { fleet in fleet.hasSettled }
    remarkOnMessages(unsent: unsentMessages - unsentBefore)
    // Measured again: the memory kept for messages becomes resident only when messages use it.
    measureMemory()
  }

  var hasOwnServer: Bool { plan.server != nil }

  /// Writes down how the phase went; false when a limit kept it from its promise.
  mutating func endPhase() throws(RecordingError) -> Bool {
    let now = clock.now()
    var (established, accepted) = countHeld()
    standingAtEnd = state.phases[phase].kind.closes ? nil : standing
    observe(isLast: true)
    var record = state.phases[phase]
    // Other programs may connect from the clients' own addresses. Their connections are those that
    // still have both ends on this host, less those that the clients hold.
    if record.kind.closes, hasOwnServer, let count = accepted, count > 0,
      let whole = hostReadings.path.heldAtBothEnds
    {
      accepted = max(0, count - max(0, whole - established))
    }
    // Where NAT rewrites the clients' addresses, the server counts those connections of the clients
    // that are left among the strangers'.
    if record.kind.closes, hasOwnServer {
      let left = hostReadings.path.stillHeldBehindNAT
      if left > 0 { accepted = (accepted ?? 0) + left }
    }
    record.ended = now.seconds(since: started)
    // Where the listener was replaced meanwhile, what waited at the old one was not accepted: the
    // number of the beginning stays, so that none of it looks accepted since.
    let counts = PhaseCounts(
      fleet, atServer: accepted,
      unaccepted: hostReadings.path.findings.restarted.isEmpty
        ? acceptance.waiting(fleet) : atBegin.unaccepted,
      unacceptedByDeadline: unacceptedByDeadline)
    let onlyAtClients = accepted.map { max(0, established - $0) } ?? 0
    phantoms = min(onlyAtClients, mostPhantoms(in: record))
    goneAtServer = onlyAtClients - phantoms
    redirected = onlyAtClients > 0 ? countRedirected(established) : 0
    // A churn reports only its own phantoms: the phases before have reported those that stood
    // before it.
    record.phantom =
      record.kind.comesAndGoes ? unacceptedByDeadline : max(record.phantom, phantoms)
    record.accepted = max(record.accepted, acceptedForSure ?? accepted ?? 0)
    // Nobody knows the total, and a partial count must not stand for it: without phantoms 0 means
    // unknown (`PhaseRecord.held`).
    if accepted == nil, record.phantom == 0 { record.accepted = 0 }
    if !hasOwnServer, record.kind.comesAndGoes, hostReadings.path.knowsServer, sawAcceptance,
      unacceptedByDeadline == 0
    {
      record.accepted = max(record.accepted, record.established - phantoms)
    }
    acceptedAtEnd = accepted
    let failures = failures(of: record)
    record.failures = failures.reduce(0) { $0 + $1.count }
    record.promise = promise(of: record, counts)
    record.outcome = course.outcome(isKept: keeps(record))
    state.phases[phase] = record
    let readings = hostReadings.readings()
    if record.outcome == .limit || record.ceiling != nil {
      _ = lookAtPath(adding: readings)
      try fileLimits(of: record, failures, readings)
    }
    // The last sample belongs to the phase: it has the answers that came at its very end.
    let end = clock.now()
    state.phases[phase].ended = end.seconds(since: started)
    try sample(readings, at: end, phaseEnded: true)
    hostReadings.path.stopTracing()
    failuresAtEnd = ledger.records
    return record.outcome != .limit
  }

  /// The failures of a phase, with those between the end of the phase before and the begin of this
  /// one: the workers file these under the phase before.
  private func failures(of record: PhaseRecord) -> [FailureRecord] {
    let own = state.failures.filter { $0.phase == record.name }
    guard phase > 0 else { return own }
    let before = state.phases[phase - 1]
    return own
      + ledger.records(beyond: failuresAtEnd).filter { $0.phase == before.name }.map { failure in
        var failure = failure
        failure.phase = record.name
        failure.firstInstant = max(failure.firstInstant, before.ended ?? 0)
        return failure
      }
  }

  private func promise(of record: PhaseRecord, _ counts: PhaseCounts) -> PhasePromise? {
    let steps = state.searchSteps.filter { $0.phase == record.name }
    return PhasePromise(
      plan.phases[phase], from: atBegin, to: counts, arrivals: arrivals,
      found: record.ceiling != nil || steps.contains { $0.outcome == .tooMany })
  }

  /// A worker that died or was given up breaks the promise of any phase: it is among the limits.
  private func keeps(_ record: PhaseRecord) -> Bool {
    record.promise?.isKept != false && !hasUselessWorker
      && !state.limits.contains { $0.phase == record.name }
  }

  private mutating func fileLimits(
    of record: PhaseRecord, _ failures: [FailureRecord], _ readings: [Reading]
  ) throws(RecordingError) {
    // A search that found its number without a failure and without the guard has met no limit.
    let needsNone =
      record.ceiling != nil && failures.allSatisfy { $0.finalCount == 0 } && course.guardStop == nil
    var explained = record
    // The phantoms of a search are explained by `phantomLimits`; they are not reported twice.
    explained.phantom =
      record.ceiling == nil || phantomLimits.isEmpty ? record.newPhantoms : 0
    var limits =
      needsNone
      ? []
      : finder(readings).limits(
        of: explained, failures: failures, memoryGuard: course.guardStop,
        workerDied: state.limits.contains { $0.phase == record.name },
        late: lateArrivals(readings), gone: goneClients)
    if record.ceiling != nil { limits += phantomLimits }
    if record.outcome == .limit, let alive = try verify() {
      for index in limits.indices { limits[index].evidence.append(alive) }
    }
    if let said = fleet.members.lazy.map(\.board.unasked).first(where: { !$0.isEmpty }) {
      for index in limits.indices where limits[index].resource == .closedByPeer {
        limits[index].evidence.append(Fact("the peer said", EscapedText.shown(said)))
      }
    }
    state.limits += limits
    for limit in limits { note(limit) }
  }

  /// Client workers that have died, and whose share of a phase is opened by nobody; nil where none has.
  private var goneClients: Fact? {
    let clients = fleet.members.filter { $0.end == .client }
    let gone = clients.count { !$0.isAlive }
    return gone == 0
      ? nil
      : Fact("client workers", "\(gone) of \(clients.count) had died: nobody opens their share")
  }

  /// How many of the held connections are alive: each sends a byte that must come back. Nil where
  /// the plan does not go on after a limit, the run was interrupted, the server does not echo, or
  /// nothing is held.
  mutating func verify() throws(RecordingError) -> Fact? {
    guard plan.onLimit == .hold, plan.server?.reply == .echo, !course.isInterrupted else {
      return nil
    }
    let held = fleet.current(.held, .client)
    guard held > 0 else { return nil }
    let before = fleet.total(.verified, .client)
    fleet.post(.verify, phase: phase, start: clock.now())
    try settle { fleet in fleet.total(.verified, .client) - before >= held }
    let alive = fleet.total(.verified, .client) - before
    let text = "\(Format.count(alive)) of \(Format.count(held)) answered"
    progress.note("\(plan.name): \(text) a byte after the limit")
    return Fact("alive after the limit", text)
  }

  // MARK: The end

  /// Ends a run whose recording cannot be written any more: what is known of the run is in memory.
  package mutating func endEarly() -> RunEnd {
    observe(isLast: true)
    endWorkers()
    sleep(until: clock.now())
    progress.finish()
    let end = clock.now().seconds(since: started)
    if state.phases[phase].started != nil, state.phases[phase].ended == nil {
      state.phases[phase].ended = end
    }
    return RunEnd(duration: end, interrupted: course.isInterrupted, state: state)
  }

  mutating func endWorkers() {
    updateWorkers()
    for index in fleet.quit(within: .seconds(60), by: clock) { recordHang(of: index) }
    updateWorkers()
  }
}
