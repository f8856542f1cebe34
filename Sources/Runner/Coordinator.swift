import Host
import Linux
import Messages
import Plan
import Probe
import Recording
import SystemPackage

/// Drives one plan from its first phase to its last and records what happens.
///
/// It opens no load-bearing socket and has one thread: it writes orders on the workers'
/// scoreboards, reads their counters, and sleeps until the next sample, call or signal.
struct Coordinator: ~Copyable {
  /// How long workers may take to do nothing but notice: a late `accept`, a reset on its way.
  private static let settleTime = Duration.seconds(2)
  /// Often enough to stop growth in time when memory runs out.
  private static let tick = Duration.milliseconds(100)

  let plan: Plan
  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  let started: Instant
  private var fleet: Fleet
  private let writer: RecordingWriter
  private let signals: SignalSource
  private var progress: any Progress

  private let kernel: KernelSeries
  private let meter = MemoryMeter()
  private var sampler: Sampler
  private var ledger: FailureLedger
  private var state: RunState
  private var nextSample: Instant
  private var phase = 0
  private var phaseStarted: Instant
  private var interrupted = false
  private var memoryAvailable: Int?
  /// True also while no phase has begun: there is no growth to stop.
  private var growthStopped = true
  /// The moment at which the memory guard stopped growth in this phase.
  private var guardStop: FailureRecord?
  private var limitInSight: String?
  /// Kernel counters when the phase began: what rose since is evidence.
  private var countersBefore: [Series.Key: Double] = [:]

  init(
    outlook: Outlook, fleet: consuming Fleet, writer: RecordingWriter,
    state: RunState, started: Instant, progress: any Progress
  ) throws(Errno) {
    self.signals = try SignalSource([Signal.interrupt, Signal.terminate])
    plan = outlook.plan
    host = outlook.host
    demand = outlook.demand
    prediction = outlook.prediction
    kernel = KernelSeries(host: outlook.host)
    self.started = started
    self.writer = writer
    self.progress = progress
    self.state = state
    sampler = Sampler(sources: outlook.staffing.sources.map { "\($0)" }, started: started)
    ledger = FailureLedger(
      clients: outlook.staffing.clients, phases: plan.phases.map(\.name), started: started)
    nextSample = .now()
    phaseStarted = started
    self.fleet = fleet
  }

  /// Runs all phases, then ends the workers. The recording stays open for the verdict.
  mutating func drive() throws(RecordingError) -> RunEnd {
    try awaitListeners()
    var skipping: Plan.OnLimit?
    for index in plan.phases.indices {
      let isClosing = if case .close = plan.phases[index].kind { true } else { false }
      if interrupted || skipping == .fail || (skipping == .stop && !isClosing) { continue }
      let reached = try run(index)
      if !reached, plan.onLimit != .hold { skipping = plan.onLimit }
    }
    try endWorkers()
    progress.finish()
    return RunEnd(
      duration: Instant.now().seconds(since: started), interrupted: interrupted, state: state)
  }

  // MARK: Phases

  /// Runs one phase; false when a limit kept it from its goal.
  ///
  /// Nothing is begun when a server cannot listen: whoever holds its port would be connected to.
  private mutating func run(_ index: Int) throws(RecordingError) -> Bool {
    phase = index
    phaseStarted = .now()
    growthStopped = false
    guardStop = nil
    limitInSight = nil
    let readings = kernel.readings()
    countersBefore = readings.values
    state.phases[index].started = phaseStarted.seconds(since: started)
    // What a close begins with would be missed by the first look after it has begun.
    state.phases[index].established = fleet.now(.held, .client)
    state.phases[index].accepted = fleet.now(.held, .server)
    try sample(readings)
    progress.phaseChanged(progressState())
    if !fleet.any(.server, { $0[.state] == WorkerState.failed.rawValue }) {
      fleet.post(.begin, phase: index)
      try work(plan.phases[index])
    }
    return try endPhase()
  }

  private mutating func work(_ phase: Phase) throws(RecordingError) {
    switch phase.kind {
    case .ramp:
      try loop(until: nil) { fleet in fleet.hasSettled }
      if hasOwnServer {
        try settle { fleet in fleet.now(.held, .server) >= fleet.now(.held, .client) }
      }
      measureMemory()
    case .churn, .search:
      try loop(until: nil) { fleet in fleet.hasSettled }
    case .hold(let duration), .pause(let duration):
      try loop(until: phaseStarted.advanced(by: duration)) { _ in false }
    case .close:
      try loop(until: nil) { fleet in fleet.hasSettled }
      try settle { fleet in fleet.now(.held, .server) <= fleet.now(.held, .client) }
    }
  }

  private var hasOwnServer: Bool { plan.server != nil }

  /// Writes down how the phase went; false when it fell short of its goal.
  private mutating func endPhase() throws(RecordingError) -> Bool {
    let now = Instant.now()
    let established = fleet.now(.held, .client)
    let accepted = fleet.now(.held, .server)
    observe()
    var record = state.phases[phase]
    record.ended = now.seconds(since: started)
    // What someone else's server accepted is not known here.
    record.phantom = hasOwnServer ? max(0, established - accepted) : 0
    let failures = state.failures.filter { $0.phase == record.name }
    record.failures = failures.reduce(0) { $0 + $1.count }
    let reached = record.goal.map { established - record.phantom >= $0 } ?? true
    record.outcome = interrupted ? .interrupted : reached ? .done : .limit
    state.phases[phase] = record
    let readings = kernel.readings()
    if record.outcome == .limit {
      var limits = finder(readings).limits(
        of: record, failures: failures, memoryGuard: guardStop,
        workerDied: state.limits.contains { $0.phase == record.name })
      if let alive = try verify() {
        for index in limits.indices { limits[index].evidence.append(alive) }
      }
      state.limits += limits
      for limit in limits { note(limit) }
    }
    try sample(readings)
    return record.outcome != .limit
  }

  /// Whether what is held is alive: a byte out and back on every connection. Nil where the plan
  /// does not go on, or the server does not echo.
  private mutating func verify() throws(RecordingError) -> Fact? {
    guard plan.onLimit == .hold, plan.server?.reply == .echo, !interrupted else { return nil }
    let held = fleet.now(.held, .client)
    guard held > 0 else { return nil }
    let before = fleet.total(.verified, .client)
    fleet.post(.verify, phase: phase)
    try settle { fleet in fleet.total(.verified, .client) - before >= held }
    let alive = fleet.total(.verified, .client) - before
    let text = "\(Format.count(alive)) of \(Format.count(held)) answered"
    progress.note("\(plan.name): \(text) a byte after the limit")
    return Fact("alive after the limit", text)
  }

  // MARK: Waiting

  /// Keeps the run going until the condition holds, the deadline comes, or a signal does.
  private mutating func loop(
    until deadline: Instant?, _ done: (borrowing Fleet) -> Bool
  ) throws(RecordingError) {
    while !interrupted {
      observe()
      if done(fleet) { return }
      let now = Instant.now()
      if let deadline, deadline <= now { return }
      if nextSample <= now { try sample(kernel.readings()) }
      progress.update(progressState())
      sleep(until: min(deadline ?? .distantFuture, nextSample, now.advanced(by: Self.tick)))
    }
  }

  /// Gives workers a moment to notice what has already happened. Ends early when nothing moves.
  private mutating func settle(
    _ done: (borrowing Fleet) -> Bool
  ) throws(RecordingError) {
    var deadline = Instant.now().advanced(by: Self.settleTime)
    var last = (-1, -1, -1)
    while !done(fleet), .now() < deadline {
      observe()
      let now = (
        fleet.now(.held, .client), fleet.now(.held, .server), fleet.total(.verified, .client)
      )
      if now != last { deadline = .now().advanced(by: Self.settleTime) }
      last = now
      if nextSample <= .now() { try sample(kernel.readings()) }
      progress.update(progressState())
      sleep(until: .now().advanced(by: .milliseconds(10)))
    }
  }

  private mutating func sleep(until instant: Instant) {
    Poll.waitReadable([fleet.attention, signals.descriptor], until: instant)
    EventCounter.clear(fleet.attention)
    while signals.next() != nil {
      // The second one ends the program at once; the recording is readable as it stands.
      if interrupted { CurrentProcess.exit(ExitStatus.interrupted) }
      interrupted = true
      progress.note("\(plan.name): interrupted; closing connections and writing the reports")
      fleet.post(.settle, phase: phase)
    }
  }

  /// Server workers say whether they could listen before the first connection is opened.
  private mutating func awaitListeners() throws(RecordingError) {
    try loop(until: .now().advanced(by: .seconds(10))) { fleet in
      fleet.all(.server) { $0[.state] != WorkerState.starting.rawValue }
    }
  }

  // MARK: Looking

  /// Reads the scoreboards: peaks, failures, dead workers, limits, memory.
  private mutating func observe() {
    let established = fleet.now(.held, .client)
    let accepted = fleet.now(.held, .server)
    state.phases[phase].established = max(state.phases[phase].established, established)
    state.phases[phase].accepted = max(state.phases[phase].accepted, accepted)
    for index in fleet.reap() { recordDeath(of: index) }
    let held = FailureLedger.Held(established: established, accepted: accepted)
    if ledger.update(from: fleet, held: held) {
      state.failures = ledger.records
    }
    stopGrowthAtLimit()
  }

  private mutating func stopGrowthAtLimit() {
    memoryAvailable = meter.available() ?? memoryAvailable
    guard !growthStopped, plan.phases[phase].goal != nil else { return }
    if memoryIsShort(), !fleet.hasSettled {
      guardStop = FailureRecord(
        end: .host, worker: nil, phase: plan.phases[phase].name,
        syscall: FailureRecord.memoryGuardCall, errno: nil, count: 1,
        firstInstant: Instant.now().seconds(since: started),
        established: fleet.now(.held, .client), accepted: fleet.now(.held, .server), source: nil,
        endpoint: nil)
    }
    // A client that is out of something stops by itself, and the others go on to their own end.
    // A server cannot stop its clients.
    if guardStop != nil || fleet.any(.server, { $0[.limited] == 1 }) {
      growthStopped = true
      fleet.post(.settle, phase: phase)
    }
    limitInSight = guardStop.map(\.cause) ?? ledger.records.last.map(\.cause)
  }

  private func memoryIsShort() -> Bool {
    guard let memoryAvailable, plan.memoryGuard != nil else { return false }
    return memoryAvailable <= demand.bytesGuarded(on: host)
  }

  private mutating func recordDeath(of index: Int) {
    updateWorkers()
    let limit = finder(kernel.readings()).limit(
      ofDeath: state.workers[index], in: state.phases[phase],
      at: Instant.now().seconds(since: started))
    state.limits.append(limit)
    note(limit)
  }

  private func finder(_ readings: [Reading]) -> LimitFinder {
    LimitFinder(
      host: host, demand: demand, prediction: prediction, before: countersBefore,
      after: readings.values)
  }

  private mutating func note(_ limit: LimitRecord) {
    progress.note("\(plan.name): limit: \(limit.cause)")
  }

  private mutating func measureMemory() {
    for (index, member) in fleet.members.enumerated() where member.isAlive {
      state.workers[index].privateBytes = MemoryMeter.privateBytes(of: member.child.id)
    }
  }

  private mutating func updateWorkers() {
    for (index, member) in fleet.members.enumerated() {
      state.workers[index].update(from: member)
    }
  }

  private mutating func sample(_ readings: [Reading]) throws(RecordingError) {
    let now = Instant.now()
    nextSample = max(nextSample.advanced(by: plan.sampling.every), now)
    updateWorkers()
    try writer.append(
      sampler.sample(
        fleet, kernel: readings, failures: state.failures, phase: state.phases[phase].name,
        state: state))
  }

  private func progressState() -> ProgressState {
    let record = state.phases[phase]
    return ProgressState(
      plan: plan.name, phase: record.title, elapsed: Instant.now().seconds(since: started),
      phaseElapsed: Instant.now().seconds(since: phaseStarted), goal: record.goal,
      planned: plan.phases[phase].plannedSeconds, established: fleet.now(.held, .client),
      accepted: hasOwnServer ? fleet.now(.held, .server) : nil,
      connecting: fleet.now(.connecting, .client),
      failures: fleet.total(.failures, .client) + fleet.total(.failures, .server),
      memoryAvailable: memoryAvailable.map(Double.init), limit: limitInSight)
  }

  // MARK: The end

  /// Clients first: their reset is what ends a connection without TIME_WAIT.
  private mutating func endWorkers() throws(RecordingError) {
    updateWorkers()
    let patience = Duration.seconds(60)
    fleet.quit(.client, until: .now().advanced(by: patience))
    fleet.quit(.server, until: .now().advanced(by: patience))
    updateWorkers()
  }
}
