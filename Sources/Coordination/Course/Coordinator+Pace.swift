import Host
import Linux
import Messages
import Plan
import Probe
import Recording

/// Saying why a phase went slower than planned, where it did. A limit is a reason of its own.
extension Coordinator {
  /// Seconds that a phase must take for its pace to mean something.
  static let shortestTimedPhase = 0.2

  func load(_ readings: [Reading]) -> LoadReading {
    LoadReading(
      at: clock.now(), counters: readings.values, workers: fleet.members.map(\.processorTime),
      begun: fleet.total(.opened, .client))
  }

  /// Connections that were begun in time kept the pace, also where they failed: that has a reason of
  /// its own.
  ///
  /// - Parameter load: what had been done when the last of it was to be opened.
  mutating func remarkOnPace(_ load: LoadReading) {
    let elapsed = load.at.seconds(since: phaseStarted)
    let phase = phase
    let record = state.phases[phase]
    let opening = (record.openedUntil ?? 0) - (record.started ?? 0)
    let begun = Double(load.begun - loadBefore.begun)
    guard let planned = record.plannedRate, begun.rounded(.up) < (planned * opening).rounded(.down),
      elapsed >= Self.shortestTimedPhase, course.mayGrow,
      !course.isInterrupted, !hasLostClient, !fleet.any(.client, { $0.isLimited(in: phase) })
    else { return }
    remark(begun / elapsed, of: planned, "", load)
  }

  /// Whether what was to be done by one worker was done by nobody.
  private var hasLostClient: Bool {
    fleet.members.contains { $0.end == .client && !$0.isAlive }
  }

  /// The same of messages that have instants.
  ///
  /// - Parameters:
  ///   - before: messages that had been sent when the phase began.
  ///   - held: connections that were held then.
  mutating func remarkOnMessages(since before: Int, from held: Int) {
    // None is sent after the planned end, however late it is looked at.
    let elapsed = min(
      clock.now().seconds(since: phaseStarted), plan.phases[phase].plannedSeconds ?? .infinity)
    guard elapsed > Self.shortestTimedPhase, course.goesOn, !hasLostClient
    else { return }
    let planned = plan.phases[phase].messageRate(
      of: plan.patterns, over: min(held, fleet.current(.held, .client)))
    remark(
      Double(messagesSent - before) / elapsed, of: planned, " messages",
      load(hostReadings.readings()), idle: idleShare)
  }

  /// Client processes that hold no connection, as each begins the same share of a rate; none where no message has
  /// one.
  private var idleShare: IdleShare? {
    let played = plan.phases[phase].patterns
    guard plan.patterns.contains(where: { $0.hasRate && played.contains($0.name) }) else {
      return nil
    }
    let clients = fleet.members.filter { $0.end == .client && $0.isAlive }
    let idle = clients.count { fleet.held(by: $0) == 0 }
    return idle > 0 ? IdleShare(idle: idle, of: clients.count) : nil
  }

  /// Connections of this churn that were begun too late.
  func lateArrivals(_ readings: [Reading]) -> LateArrivals {
    // What came after the last arrival was due made none of them late.
    let load = loadWhileOpening ?? load(readings)
    return LateArrivals(
      count: fleet.total(.lateArrivals, .client) - atBegin.late,
      foundNoRoom: fleet.total(.crowded, .client) > atBegin.crowded,
      shortage: missedPace(0, of: 0, load)
        .shortage(before: loadBefore.counters, after: load.counters, host: host))
  }

  private func missedPace(_ rate: Double, of planned: Double, _ load: LoadReading) -> MissedPace {
    MissedPace(
      rate: rate, planned: planned, elapsed: load.at.seconds(since: loadBefore.at),
      workers: zip(fleet.members, zip(load.workers, loadBefore.workers)).map { member, busy in
        MissedPace.Load(end: member.end, busy: busy.0 - busy.1)
      }, clientsWaitAwake: clientsWaitAwake)
  }

  private mutating func remark(
    _ rate: Double, of planned: Double, _ what: String, _ load: LoadReading,
    idle: IdleShare? = nil
  ) {
    let pace = missedPace(rate, of: planned, load)
    guard pace.wantsReason else { return }
    var reasons = [idle?.words].compactMap(\.self)
    // What the others did not send has another reason.
    if idle.map({ rate < planned * $0.othersPart }) ?? true {
      reasons.append(pace.reason(before: loadBefore.counters, after: load.counters, host: host))
    }
    let reason = reasons.joined(separator: "; ")
    let remark = "\(Format.rate(rate)) of \(Format.rate(planned))\(what) planned: \(reason)"
    state.phases[phase].remark = remark
    progress.note("\(plan.name): \(state.phases[phase].name): \(remark)")
  }
}

/// Client processes without a connection, of all that there are.
private struct IdleShare {
  let idle: Int
  let count: Int

  init(idle: Int, of count: Int) {
    self.idle = idle
    self.count = count
  }

  /// What the other processes send of a rate, less what a phase may lack at its edges.
  var othersPart: Double { 0.95 * Double(count - idle) / Double(count) }

  var words: String {
    "\(idle) of \(count) client processes hold no connection, and each begins the same share of a rate; with"
      + " fewer `processes` none is left out"
  }
}
