import Host
import Linux
import Plan
import Probe
import Recording

/// How a storm went, by the time that the plan gives it.
struct StormOutcome {
  /// Connections that the clients were told to cut.
  var cut = 0
  /// Seconds until what was to come back stood at both ends again; nil where it did not in time.
  var recovery: Double?
  /// Connections that stood at both ends when the time was over, or when nothing came back any more; nil before, and where
  /// the storm recovered in time.
  var standingAtDeadline: Int?
  /// Why connections were missing without a failure.
  var delay = ReturnDelay()
}

/// Connections that a storm waited for in vain, though no failure explains it.
package struct ReturnDelay: Sendable, Equatable {
  /// Their backoff was not over, and none of their attempts had failed.
  var waiting = 0
  /// Their backoff was over, the clients had not begun them, and none of their attempts had failed.
  var due = 0
  /// They stood only after the time was over: their handshakes were under way, or the server had not accepted
  /// them. Earlier attempts may have failed.
  var underWay = 0
  /// Which workers or control groups were short of processor time; nil where none was.
  var shortage: String?

  package init(waiting: Int = 0, due: Int = 0, underWay: Int = 0, shortage: String? = nil) {
    self.waiting = waiting
    self.due = due
    self.underWay = underWay
    self.shortage = shortage
  }
}

/// Cutting a part of what is held, and waiting until it is there again.
extension Coordinator {
  /// The time between two looks while a storm lasts, and so the precision of its recovery time.
  private static let stormTick = Duration.milliseconds(10)
  /// How long what has come back has to stand until the storm is over: a server that is full may close it at once.
  private static let stormStandingTime = Duration.milliseconds(250)

  /// Tells each client how many of its connections to cut: of all, exactly what the plan says.
  mutating func beginStorm(_ plan: Phase.Storm) {
    let clients = fleet.members.filter { $0.end == .client && $0.isAlive }
    let held = clients.map { Int($0.board[.held]) }
    let all = held.reduce(0, +)
    let cut = plan.cut(of: all)
    // Each worker's part, rounded down; what is left over goes one by one to the first workers that hold more.
    var parts = held.map { all > 0 ? Int(Double(cut) * Double($0) / Double(all)) : 0 }
    var left = cut - parts.reduce(0, +)
    for index in parts.indices where left > 0 && parts[index] < held[index] {
      parts[index] += 1
      left -= 1
    }
    let partByWorker = Dictionary(uniqueKeysWithValues: zip(clients.map(\.id), parts))
    storm.cut = cut
    fleet.post(.begin, phase: phaseIndex, start: phaseStarted) { partByWorker[$0.id] }
  }

  /// Waits until the clients have cut, and then until as much as the plan asks for stands again at both ends, nothing
  /// comes back any more, or the storm's time is over. Then stops the returns, and notes how the storm went.
  mutating func awaitReturns(of planned: Phase.Storm) throws(RecordingError) {
    let target = planned.target(of: atBegin.atBothEnds)
    let droppedBefore = atBegin.dropped
    let (clock, start, path) = (clock, phaseStarted, hostReadings.path)
    let countsAtServer = ownServerCanTell
    /// As `standingNow`, once the target may be reached. Until then the listener is not asked, and what waits there
    /// may be counted.
    func standingSoFar(_ fleet: borrowing Fleet) -> Int {
      let held = fleet.current(.held, .client)
      guard countsAtServer, held >= target else { return held }
      // What waits at the listener is not accepted, also where the server has not noticed the cut yet.
      return min(fleet.heldAtServer, fleet.heldAtServer >= target ? held - path.waiting : held)
    }
    func standingNow(_ fleet: borrowing Fleet) -> Int {
      let held = fleet.current(.held, .client)
      return countsAtServer ? max(0, min(fleet.heldAtServer, held - path.waiting)) : held
    }
    let deadline = start.advanced(by: planned.within)
    // The guard may stop what comes back, and not the cut, which gives memory back.
    course.stopGrowing()
    try loop(until: deadline, every: Self.stormTick) { fleet in fleet.hasCut }
    let isCut = fleet.hasCut
    // So that charts show how few were left.
    try sample(hostReadings.readings())
    course.startGrowing()
    // Since when what was to come back has stood.
    var standsSince: Instant?
    try loop(until: deadline, every: Self.stormTick) { fleet in
      if isCut, standingSoFar(fleet) >= target {
        let now = clock.now()
        let since = standsSince ?? now
        standsSince = since
        return now >= since.advanced(by: Self.stormStandingTime)
      }
      standsSince = nil
      // Nothing comes back any more: a limit has stopped it. What is there and not accepted yet is waited for.
      // A connection goes from `returning` by `connecting` to `held` and may be back among `returning` at once. Asked in
      // this order, one that goes on meanwhile is not missed.
      return fleet.hasSettled && fleet.current(.returning, .client) == 0
        && fleet.current(.connecting, .client) == 0
        && fleet.current(.held, .client) < target
        && fleet.current(.returning, .client) == 0
    }
    let recovery = standsSince?.seconds(since: start)
    let atDeadline = standingNow(fleet)
    fleet.post(.settle, phase: phaseIndex, start: clock.now())
    try loop(until: nil) { fleet in fleet.hasSettled }
    storm.recovery = recovery
    try settleServer()
    let readings = hostReadings.readings()
    loadAfterOpening = loadReading(readings)
    state.phases[phaseIndex].dropped = fleet.total(.dropped, .client) - droppedBefore
    guard recovery == nil else { return }
    storm.standingAtDeadline = atDeadline
    storm.delay = ReturnDelay(
      waiting: fleet.total(.leftWaiting, .client) - atBegin.leftWaiting,
      due: fleet.total(.leftDue, .client) - atBegin.leftDue,
      underWay: max(0, standingNow(fleet) - atDeadline),
      shortage: processorShortage(readings))
  }
}
