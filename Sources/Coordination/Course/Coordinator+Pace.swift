import Host
import Linux
import Messages
import Plan
import Probe
import Recording

/// Says why a phase went slower than planned. Where a limit kept connections from being begun, the limit is
/// the reason, and no remark is made.
extension Coordinator {
  /// Seconds that a phase must take for its pace to mean something.
  static let shortestTimedPhase = 0.2

  /// The load at this instant: the host's counters are those of the readings, the workers' are read now.
  func loadReading(_ readings: [Reading]) -> LoadReading {
    LoadReading(
      at: clock.now(), counters: readings.values, workerTimes: fleet.members.map(\.processorTime),
      connectionsBegun: fleet.total(.opened, .client),
      turnsHeldBack: fleet.total(.heldBack, .client))
  }

  /// Says why connections were begun more slowly than planned. A connection that was begun in time counts as
  /// planned even where it failed: a failure has a reason of its own.
  ///
  /// - Parameter load: the load that `openEverything` returned.
  mutating func remarkOnPace(_ load: LoadReading) {
    let elapsed = load.at.seconds(since: phaseStarted)
    let phaseIndex = phaseIndex
    let record = state.phases[phaseIndex]
    let opening = (record.openedUntil ?? 0) - (record.started ?? 0)
    let begun = Double(load.connectionsBegun - loadBefore.connectionsBegun)
    guard let planned = record.plannedRate, begun.rounded(.up) < (planned * opening).rounded(.down),
      elapsed >= Self.shortestTimedPhase, course.mayGrow,
      !course.isInterrupted, !hasLostClient, !fleet.any(.client, { $0.isLimited(in: phaseIndex) })
    else { return }
    remark(begun / elapsed, of: planned, "", load, heldBack: heldBack(until: load))
  }

  /// Why connections of this phase were begun later than they were due, in words, where TLS handshakes under way
  /// held them back; nil where none was held back.
  private func heldBack(until load: LoadReading) -> String? {
    guard load.turnsHeldBack > loadBefore.turnsHeldBack else { return nil }
    let most = Format.count(TLSKernel<LinuxKernel>.mostUnderWay)
    return
      "\(most) TLS handshakes a client process were under way, and more are not begun at once: what"
      + " helps is more `processes`, or a server that is quicker"
  }

  /// Whether a client worker has died or was given up. Nobody does its share, which explains a slow phase.
  private var hasLostClient: Bool {
    fleet.members.contains { $0.end == .client && !$0.isAlive }
  }

  /// Says why messages that are due at planned instants were sent more slowly than planned.
  ///
  /// - Parameters:
  ///   - before: messages that had been sent when the phase began.
  ///   - held: connections that were held when the phase began.
  ///   - unsentBefore: `unsentMessages` when the phase began. Until a phase is over, only messages that found no
  ///     connection free are counted there.
  mutating func remarkOnMessages(since before: Int, from held: Int, unsentBefore: Int) {
    // Messages are wanted until the planned end, however late this is called.
    let elapsed = min(
      clock.now().seconds(since: phaseStarted), plan.phases[phaseIndex].plannedSeconds ?? .infinity)
    guard elapsed > Self.shortestTimedPhase, course.waitsGoOn, !hasLostClient
    else { return }
    let planned = plan.phases[phaseIndex].messageRate(
      of: plan.patterns, over: min(held, fleet.current(.held, .client)))
    remark(
      Double(messagesSent - before) / elapsed, of: planned, " messages",
      loadReading(hostReadings.readings()), idle: idleShare,
      blocked: Double(max(0, unsentMessages - unsentBefore)) / elapsed)
  }

  /// Client processes that hold no connection, and so cannot send their share of a rate; nil where
  /// every process holds some, or no message of the phase has a rate.
  private var idleShare: IdleShare? {
    let played = plan.phases[phaseIndex].patterns
    guard plan.patterns.contains(where: { $0.hasRate && played.contains($0.name) }) else {
      return nil
    }
    let clients = fleet.members.filter { $0.end == .client && $0.isAlive }
    let idle = clients.count { fleet.held(by: $0) == 0 }
    return idle > 0 ? IdleShare(idle: idle, of: clients.count) : nil
  }

  /// Connections of this churn that were begun too late.
  func lateArrivals(_ readings: [Reading]) -> LateArrivals {
    // The load until the last arrival was due, where it was read then: what came later made no arrival late.
    let load = loadAtLastArrival ?? loadReading(readings)
    return LateArrivals(
      count: fleet.total(.lateArrivals, .client) - atBegin.late,
      foundNoRoom: fleet.total(.crowded, .client) > atBegin.crowded,
      heldBack: heldBack(until: load),
      shortage: processorUse(until: load)
        .shortage(before: loadBefore.counters, after: load.counters, host: host))
  }

  /// Which workers or control groups were short of processor time while this ramp opened its connections, or this storm
  /// had its own come back; in other phases until now. Nil where none was.
  func processorShortage(_ readings: [Reading]) -> String? {
    let load = loadAfterOpening ?? loadReading(readings)
    return processorUse(until: load)
      .shortage(before: loadBefore.counters, after: load.counters, host: host)
  }

  /// What the processors did while this ramp opened its connections, or this storm had its own come back; in other
  /// phases until now. Nil where that took less than `shortestTimedPhase`, too short a time to tell.
  func processorFindings(_ readings: [Reading]) -> ProcessorFindings? {
    let load = loadAfterOpening ?? loadReading(readings)
    let use = processorUse(until: load)
    guard use.elapsed >= Self.shortestTimedPhase else { return nil }
    return use.findings(before: loadBefore.counters, after: load.counters, host: host)
  }

  /// The processor time that the workers used from the phase's begin until `load`, for `shortage` and `findings`,
  /// which look at no rate.
  private func processorUse(until load: LoadReading) -> PhasePace { pace(0, of: 0, until: load) }

  private func pace(
    _ rate: Double, of planned: Double, until load: LoadReading
  ) -> PhasePace {
    PhasePace(
      rate: rate, planned: planned, elapsed: load.at.seconds(since: loadBefore.at),
      workers: zip(fleet.members, zip(load.workerTimes, loadBefore.workerTimes)).map {
        PhasePace.Load(end: $0.end, busySeconds: $1.0 - $1.1)
      }, clientsWaitAwake: clientsWaitAwake)
  }

  private mutating func remark(
    _ rate: Double, of planned: Double, _ unit: String, _ load: LoadReading,
    idle: IdleShare? = nil, heldBack: String? = nil, blocked: Double = 0
  ) {
    var pace = pace(rate, of: planned, until: load)
    pace.blocked = blocked
    guard pace.wantsReason else { return }
    var reasons = [idle?.words, heldBack].compactMap(\.self)
    // Idle processes explain the missing messages only if the other processes have sent their own shares.
    if idle.map({ rate < planned * $0.connectedPart }) ?? true {
      reasons.append(pace.reason(before: loadBefore.counters, after: load.counters, host: host))
    }
    let reason = reasons.joined(separator: "; ")
    let remark = "\(Format.rate(rate)) of \(Format.rate(planned))\(unit) planned: \(reason)"
    state.phases[phaseIndex].remark = remark
    progress.note("\(plan.name): \(state.phases[phaseIndex].name): \(remark)")
  }
}

/// How many of the client processes hold no connection.
private struct IdleShare {
  let idle: Int
  let count: Int

  init(idle: Int, of count: Int) {
    self.idle = idle
    self.count = count
  }

  /// The part of the planned rate that the processes with connections should reach: their shares, less 5% for
  /// what a phase may lack at its begin and at its end.
  var connectedPart: Double { 0.95 * Double(count - idle) / Double(count) }

  var words: String {
    "\(idle) of \(count) client processes hold no connection, and each begins the same share of a rate; with"
      + " fewer `processes` none is left out"
  }
}
