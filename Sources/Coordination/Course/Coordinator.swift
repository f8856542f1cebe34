package import Host
import Judgement
package import Linux
import Messages
import Plan
package import Probe
package import Recording

/// Drives one plan from its first phase to its last and records what happens.
///
/// It opens no load-bearing socket, and does everything in one thread: it writes orders on the workers'
/// scoreboards, reads their counters, and sleeps until the next look, a worker's call for attention, or a
/// signal. A look reads the scoreboards (`observe`). A sample also writes what was read to the recording.
package struct Coordinator: ~Copyable {
  /// How long workers have to notice what has already happened, such as a reset on its way or a connection to
  /// accept. In `settle` the time begins anew whenever a count changes, until `longestSettleTime` is over.
  static let settleTime = Duration.seconds(2)
  static let longestSettleTime = Duration.seconds(60)
  /// The longest sleep between two looks of `loop`: growth must stop in time when memory runs out. A look, or a
  /// sample, that waits for the kernel's answer takes its own time on top.
  static let tick = Duration.milliseconds(100)

  let plan: Plan
  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  let replay: Replay?
  /// When the first phase with a recorded start began: in the original, as `Replay.instants` has it, and in this
  /// run. Nil until then.
  var replayStarted: (inOriginal: Double, inThisRun: Instant)?
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
  var sampleClock: SampleClock
  var course: RunCourse
  var phaseIndex: Int { course.phaseIndex }
  var phaseStarted: Instant
  /// Bytes.
  var memoryAvailable: Int?
  /// In seconds, over the last interval between samples in which answers came.
  var roundTripP99: Double?
  /// The limits that explain the phantoms of a search, where nothing failed.
  var phantomLimits: [LimitRecord] = []
  /// The cause of the limit that the phase, or the step of a search, has met so far; nil where none is known.
  var limitInSight: String?
  /// What the workers had counted when the phase began or, where connections were lost since, when the phase before
  /// ended. The phase's promise is measured from these counts on.
  var atBegin: PhaseCounts
  /// What the workers had counted when the most recent phase ended; nil before the first end, and after a close.
  var countsAtEnd: PhaseCounts?
  /// The kernel's counters when the phase began. By how much each has risen since is evidence for a limit.
  var countersBefore: [Series.Key: Double] { loadBefore.counters }
  var loadBefore: LoadReading
  /// The most files that the host had open when failures of this phase, one with ENFILE among them, were read. Kept
  /// because the run's own files may be closed again by the end of the phase.
  var mostFilesOpen = 0.0
  /// Whether clients stay awake for the last moments before a message is due, and so use more processor time
  /// than their work takes.
  let clientsWaitAwake: Bool
  /// Handshakes that had finished when the phase began.
  var establishedBefore = 0
  /// Connections that peers had closed when the phase began.
  var closedByPeerBefore = 0
  /// Connections that the server end had accepted and held at the end of the most recent phase; nil
  /// where nobody can know.
  var acceptedAtEnd: Int?
  /// The fewest connections that someone else's server can have had at the last look. Nil where that look
  /// told the exact number, or told nothing.
  var acceptedForSure: Int?
  /// What both ends held at the end of the most recent phase, by the workers' counters; nil before the first end, and
  /// after a close.
  var standingAtEnd: Standing?
  /// Counts the connections of this phase that the server has not accepted yet.
  var acceptance: Acceptance
  /// How this storm has gone so far; in other phases as a storm begins.
  var storm = StormOutcome()
  /// Connections of this churn that no server had accepted by the deadline, which is `acceptTime` after the
  /// clients had closed the last of them.
  var unacceptedByDeadline = 0
  /// Of those in `unacceptedByDeadline`, the connections that waited at a listener at the deadline, or had been
  /// lost when their listener was closed.
  var queuedAtDeadline = 0
  /// Connections that the clients held at the end of the most recent phase, and that no server had accepted.
  var phantoms = 0
  /// Connections that the clients held when the phase ended, and that the server had accepted and lost.
  var goneAtServer = 0
  /// Connections that NAT had redirected to another program when the phase ended.
  var redirected = 0
  /// The load that `openEverything` returned for this churn; nil before that, and in other phases.
  var loadAtLastArrival: LoadReading?
  /// The load when the workers had settled after this ramp or this storm, or when the wait for that was cut off; nil
  /// before that, and in other phases.
  var loadAfterOpening: LoadReading?
  /// Whether someone else's server on this host has ever been seen to have a connection of the run.
  var sawAcceptance = false
  /// All failures of the run up to the end of the most recent phase, by endpoint.
  var failuresAtEnd: [FailureRecord] = []
  /// What had failed in the run when the last step of this search began; empty before the first step, and in other
  /// phases.
  var failuresBeforeStep: [FailureRecord] = []
  /// When the last step of this search began; before the first step, and in other phases, when the phase began.
  var stepStarted: Instant
  /// The phase that the workers were ordered to begin last, and the one before, by their indices. A phase that was
  /// left out, or was over before any such order, is none.
  var begun: (last: Int?, before: Int?) = (nil, nil)
  /// Messages that had not been answered when a search last closed all connections.
  var missingAtLastClose = 0
  /// Whether counts still changed when the last `settle` had lasted as long as it may.
  var stillMoves = false
  /// The run so far, for conditions that decide while it goes on (`abort`, `until`); nil for a plan without any.
  var live: LiveRecording?

  package init(
    prepared: PreparedRun, fleet: consuming Fleet, clock: any RunClock,
    hostReadings: any HostReadings, writer: RecordingWriter, state: RunState, started: Instant,
    progress: any Progress
  ) {
    self.clock = clock
    self.hostReadings = hostReadings
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
      pushes: prepared.plan.pushes, secure: Sampler.Secure(prepared.plan.tls), started: started)
    live = prepared.plan.hasLiveConditions ? LiveRecording(prepared.plan) : nil
    ledger = FailureLedger(
      clients: prepared.staffing.clients, phases: plan.phases.map(\.name), started: started)
    sampleClock = SampleClock(every: prepared.plan.sampling.every, from: clock.now())
    course = RunCourse(kinds: plan.phases.map(\.kind.phaseKind), onLimit: plan.onLimit)
    phaseStarted = started
    stepStarted = started
    atBegin = PhaseCounts(fleet, atServer: prepared.plan.server == nil ? nil : 0)
    acceptance = Acceptance(
      fleet, path: hostReadings.path, hasOwnServer: prepared.plan.server != nil)
    loadBefore = LoadReading(
      at: started, counters: [:], workerTimes: [], connectionsBegun: 0, turnsHeldBack: 0)
    clientsWaitAwake = prepared.staffing.clients.contains { $0.wakeLead > 0 }
    self.fleet = fleet
  }

  /// Runs the phases that the course comes to, then ends the workers. The recording stays open for the verdict.
  package mutating func drive() throws(RecordingError) -> RunEnd {
    try runPhases()
    endWorkers()
    // Takes the signals that are pending. timeout(1) sends its signal twice: the second must not count later,
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
      follow(
        course.handle(
          .phaseEnded(isKept: isKept, canGoOn: !hasUselessWorker && (isKept || !findsNobody))))
    }
  }

  mutating func follow(_ decision: RunCourse.Decision) {
    switch decision {
    case .nothing: break
    case .settle: fleet.post(.settle, phase: phaseIndex, start: clock.now())
    case .exit:
      hostReadings.path.stopTracing()
      CurrentProcess.exit(ExitStatus.interrupted)
    }
  }

  /// Whether a worker cannot work at all, such as a server worker that could not listen. Without it no later
  /// phase means anything.
  var hasUselessWorker: Bool {
    // Over all members, because such a worker has ended by now or soon will.
    fleet.members.contains { $0.board[.state] == WorkerState.failed.rawValue }
  }

  /// Whether no connection has ever stood, and nobody listens where the server should be: a phase that is to hold
  /// connections would hold none for as long as it takes.
  private var findsNobody: Bool {
    fleet.total(.established, .client) == 0 && ledger.records.meetNobody
  }

  /// Runs one phase; false when a limit kept it from its promise.
  ///
  /// Nothing is begun where a worker cannot work at all: without a server that listens, clients would connect to whoever
  /// holds its port.
  mutating func run(_ index: Int) throws(RecordingError) -> Bool {
    phaseStarted = clock.now()
    limitInSight = nil
    unacceptedByDeadline = 0
    storm = StormOutcome()
    queuedAtDeadline = 0
    stillMoves = false
    goneAtServer = 0
    redirected = 0
    mostFilesOpen = 0
    loadAtLastArrival = nil
    loadAfterOpening = nil
    phantomLimits = []
    failuresBeforeStep = []
    let readings = hostReadings.readings()
    loadBefore = loadReading(readings)
    updatePortsFreeOfClients()
    hostReadings.path.begin(
      countersBefore, clientsHaveConnected: fleet.total(.opened, .client) > 0)
    establishedBefore = fleet.total(.established, .client)
    closedByPeerBefore = fleet.total(.closedByPeer, .client)
    // Counted before the phase begins: by the first look, a close has already closed some.
    state.phases[index].established = fleet.current(.held, .client)
    state.phases[index].accepted = acceptedByCounters
    state.phases[index].plannedRate = plan.phases[index].plannedRate(
      from: state.phases[index].established)
    try sample(readings)
    // Connections that are lost while a replay waits for the phase's start count as lost in this phase.
    acceptance = Acceptance(fleet, path: hostReadings.path, hasOwnServer: hasOwnServer)
    let counts = PhaseCounts(
      fleet,
      atServer: acceptedAtBegin(),
      unaccepted: acceptance.unaccepted(fleet))
    // Connections that were lost after the counts at the end of the last phase count as lost in this phase.
    atBegin = countsAtEnd.flatMap { counts.haveLost(since: $0) ? $0 : nil } ?? counts
    phaseStarted = try startOfPhase(index)
    stepStarted = phaseStarted
    live?.keepFrom = .infinity
    // A replay may have waited for the start of the phase.
    if replay != nil { loadBefore = loadReading(hostReadings.readings()) }
    guard course.waitsGoOn else { return true }
    state.phases[index].started = phaseStarted.seconds(since: started)
    state.phases[index].openedUntil = lastArrivalDue(index)?.seconds(since: started)
    // Set before the phase is driven, so that the recording is right about it whatever cuts the run off.
    state.phases[index].outcome = .interrupted
    course.startGrowing()
    progress.phaseChanged(progressState())
    if !hasUselessWorker {
      let unaskedBefore = fleet.total(.unasked, .client)
      let wrong = wrongAnswers
      begun = (index, begun.last)
      if case .storm(let storm) = plan.phases[index].kind {
        beginStorm(storm)
      } else {
        fleet.post(.begin, phase: index, start: phaseStarted)
      }
      try work(plan.phases[index])
      let isKept = try endPhase()
      // Only now, as the end of a phase may wait for the server, and peers go on talking meanwhile.
      remarkOnLosses(since: closedByPeerBefore)
      remarkOnUnasked(since: unaskedBefore)
      remarkOnWrongAnswers(since: wrong)
      return isKept
    }
    return try endPhase()
  }

  /// Lets no further message begin, and waits for outstanding answers: for the longest time that a pattern
  /// allows, and `settleTime` beyond it; in a run that a condition has ended, only for `settleTime`; and after a signal
  /// not at all.
  mutating func endMessages(unsentBefore: Int) throws(RecordingError) {
    sampler.stopMessages(at: clock.now())
    try sample(hostReadings.readings())
    follow(course.handle(.messagesStopped))
    let longest = course.isAborted ? 0 : plan.patterns.map(\.longestDuration).max() ?? 0
    let deadline = clock.now().advanced(byNanoseconds: longest).advanced(by: Self.settleTime)
    try loop(until: deadline) { fleet in fleet.hasSettled }
    remarkOnMessages(unsent: unsentMessages - unsentBefore)
    // Measured again: the memory kept for messages becomes resident only when messages use it.
    measureMemory()
  }

  var hasOwnServer: Bool { plan.server != nil }

  // MARK: The end

  /// Ends a run whose recording cannot be written any more. Returns what is in memory of it.
  package mutating func endEarly() -> RunEnd {
    observe(isLast: true)
    endWorkers()
    sleep(until: clock.now())
    progress.finish()
    let end = clock.now().seconds(since: started)
    if state.phases[phaseIndex].started != nil, state.phases[phaseIndex].ended == nil {
      state.phases[phaseIndex].ended = end
    }
    return RunEnd(duration: end, interrupted: course.isInterrupted, state: state)
  }

  mutating func endWorkers() {
    updateWorkers()
    for index in fleet.quit(within: .seconds(60), by: clock) { recordHang(of: index) }
    updateWorkers()
  }
}
