import Host
import Linux
import Messages
import Plan
import Probe
import Recording

// The differences between the kinds of phases in a run: what the workers are to do, what the coordinator does
// meanwhile, and what the phase promises.

extension ClientTask {
  init(_ phase: Phase) {
    switch phase.kind {
    case .ramp(let goal, let pace):
      self = .open(goal: goal, pace: ClientTask.Pace(pace))
    case .hold, .pause:
      self = .keep
    case .churn(let churn):
      self = .churn(
        rate: churn.rate, lifetime: churn.lifetime.nanoseconds, span: churn.span.nanoseconds,
        reset: churn.with == .reset)
    case .storm(let storm):
      self = .storm(backoff: Backoff(storm.reconnect), reset: storm.with == .reset)
    case .search(let search):
      self = .seek(most: search.most, pace: ClientTask.Pace(search.pace))
    case .close(let pace, let how):
      self = .close(pace: ClientTask.Pace(pace), reset: how == .reset)
    }
  }
}

extension Backoff {
  init(_ reconnect: Reconnect) {
    self.init(
      first: reconnect.first.nanoseconds, last: reconnect.last.nanoseconds,
      isJittered: reconnect.jitter == .full)
  }
}

extension ClientTask.Pace {
  fileprivate init(_ pace: Phase.Pace) {
    switch pace {
    case .unpaced: self = .unpaced
    case .rate(let rate): self = .rate(rate)
    case .over(let span): self = .over(span.nanoseconds)
    }
  }
}

extension Coordinator {
  /// Drives the current phase, whose begin the workers have been ordered, until its work is over or is cut off.
  mutating func work(_ phase: Phase) throws(RecordingError) {
    let unsent = unsentMessages
    if !phase.patterns.isEmpty {
      sampler.notePlaying(
        plan.patterns.indices.filter { phase.patterns.contains(plan.patterns[$0].name) },
        from: phaseStarted,
        until: phase.plannedSeconds.map { phaseStarted.advanced(by: .seconds($0)) })
    }
    switch phase.kind {
    case .ramp:
      remarkOnPace(try openEverything())
      try settleServer()
      measureMemory()
    case .churn:
      let load = try openEverything()
      loadAtLastArrival = load
      try loop(until: nil) { fleet in fleet.hasSettled }
      remarkOnPace(load)
      unacceptedByDeadline = try awaitAcceptance()
    case .storm(let storm):
      try awaitReturns(of: storm)
      measureMemory()
    case .search(let search):
      try seek(search)
      measureMemory()
    case .hold(let duration), .pause(let duration):
      let (sent, held) = (messagesSent, fleet.current(.held, .client))
      try loop(until: phaseStarted.advanced(by: duration)) { _ in false }
      remarkOnMessages(since: sent, from: held, unsentBefore: unsent)
    case .close:
      try loop(until: nil) { fleet in fleet.hasSettled }
      try settle { fleet in fleet.heldAtServer <= fleet.current(.held, .client) }
    }
    if !phase.patterns.isEmpty { try endMessages(unsentBefore: unsent) }
  }

  /// How many connections a churn is to begin; 0 in other phases.
  var arrivals: Int {
    guard case .churn(let churn) = plan.phases[phaseIndex].kind else { return 0 }
    let recorded = replay.flatMap {
      $0.arrivals.indices.contains(phaseIndex) ? $0.arrivals[phaseIndex] : nil
    }
    return Schedule(start: phaseStarted, rate: churn.rate, recorded: recorded)
      .count(within: churn.span.nanoseconds)
  }
}

extension PhasePromise {
  /// What a phase had to keep, from the counts at its begin and at its end; nil for a phase that
  /// promises nothing. docs/verdict.md has the rule.
  ///
  /// - Parameters:
  ///   - arrivals: connections that a churn was to begin.
  ///   - storm: how a storm went.
  ///   - found: whether a search has found a number that lasts, or was ended by its `until`.
  init?(
    _ phase: Phase, from begin: PhaseCounts, to end: PhaseCounts, arrivals: Int,
    storm: StormOutcome = StormOutcome(), found: Bool
  ) {
    let asRecorded = end.closedAsRecorded - begin.closedAsRecorded
    let gained = end.established - begin.established
    let lost = end.lostAtClient(since: begin)
    let promised: Int
    let missed: Int
    var lostBeside = 0
    switch phase.kind {
    case .ramp(let goal, _):
      promised = goal
      missed = goal - end.atBothEnds
    case .hold:
      promised = begin.atBothEnds
      // Connections that stood at the client alone when the phase began were not promised: nobody had accepted
      // them. So each of them that is gone is taken off the losses. Those that were accepted since and those
      // that still stand at the client alone are not gone.
      let acceptedSince = max(0, begin.unaccepted - end.unaccepted)
      let unpromised = begin.onlyAtClient - end.onlyAtClient - acceptedSince
      missed = max(lost - max(0, unpromised), begin.atBothEnds - end.atBothEnds - asRecorded)
    case .churn:
      promised = arrivals
      // The connections from before a churn are to outlast it. A close that a conversation asks for
      // (`asRecorded`) may have met one of them or a connection of the churn. Nobody knows which, so these
      // closes are taken off the losses.
      let lostAtClient = min(lost, max(0, begin.atClient - end.atClient - asRecorded))
      let lostAtServer =
        begin.atServer == nil || end.atServer == nil
        ? 0 : begin.atBothEnds - end.atBothEnds - asRecorded
      lostBeside = max(lostAtClient, lostAtServer)
      missed =
        max(0, arrivals - gained) + lost - lostAtClient + (end.late - begin.late)
        + (end.cutShort - begin.cutShort) + end.unacceptedByDeadline
    case .storm(let plan):
      promised = plan.target(of: begin.atBothEnds)
      // What is there when nothing moves any more counts, not what came back after the time was over.
      // Of a storm that has not recovered one at least is missing, unless none was promised.
      missed =
        storm.recovery == nil && promised > 0
        ? max(1, promised - min(end.atBothEnds, storm.standingAtDeadline ?? end.atBothEnds))
        : promised - end.atBothEnds
    case .search:
      promised = 1
      missed = found ? 0 : 1
    case .close:
      promised = begin.atClient
      missed = max(end.atClient, min(end.atServer ?? 0, begin.atClient))
    case .pause: return nil
    }
    // Connections may be missing though none was promised, for example from before a churn without arrivals.
    // `missed` is not capped then, so that they break the promise.
    let most = promised > 0 ? promised : max(0, missed)
    self.init(
      promised: promised, missed: min(max(0, missed), most), tolerance: phase.tolerance,
      lostBeside: lostBeside)
  }
}
