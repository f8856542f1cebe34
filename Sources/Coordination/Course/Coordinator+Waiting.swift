import Host
import Linux
import Plan
import Probe
import Recording

/// Waiting. Meanwhile the run goes on: the coordinator looks at its workers, takes samples, and takes signals.
extension Coordinator {
  /// Keeps the run going until `done` returns true, the deadline comes, or a signal or a condition of the plan
  /// cuts the phase off.
  mutating func loop(
    until deadline: Instant?, every tick: Duration = Self.tick, _ done: (borrowing Fleet) -> Bool
  ) throws(RecordingError) {
    while course.waitsGoOn {
      for index in fleet.giveUpHung(at: clock.now()) { recordHang(of: index) }
      observe()
      if done(fleet) { return }
      let now = clock.now()
      if let deadline, deadline <= now { return }
      if sampleClock.next <= now { try sample(hostReadings.readings()) }
      progress.update(progressState())
      sleep(until: min(deadline ?? .distantFuture, sampleClock.next, now.advanced(by: tick)))
    }
  }

  /// Gives workers a moment to notice what has already happened. The wait ends when `done` returns true, or
  /// when no watched number has changed for `settleTime` plus the time of the run's slowest handshake: the last
  /// packet of a handshake may be on its way for as long. It ends in any case after `longestSettleTime`, or
  /// `settleTime` after a signal. `stillMoves` then tells whether a number had still changed.
  ///
  /// - Parameter elsewhere: gives one more number to watch.
  mutating func settle(
    watching elsewhere: () -> Int = { 0 }, _ done: (borrowing Fleet) -> Bool
  ) throws(RecordingError) {
    stillMoves = false
    // `done` may go through all connections of the host, which takes time: the deadline counts from here.
    guard !done(fleet) else { return }
    let settleTime = Self.settleTime + (fleet.handshakeTimes?.upperBound ?? .zero)
    var deadline = clock.now().advanced(by: settleTime)
    // Other programs' connections may come and go for ever, so the wait has an end in any case.
    var end = clock.now().advanced(by: Self.longestSettleTime)
    var last = (-1, -1, -1, -1, -1)
    while !done(fleet), clock.now() < min(deadline, end) {
      for index in fleet.giveUpHung(at: clock.now()) { recordHang(of: index) }
      observe()
      let now = (
        fleet.current(.held, .client), fleet.heldAtServer, fleet.total(.verified, .client),
        fleet.acceptedByServer,
        // Behind NAT the server counts the run's own connections as strangers'.
        fleet.knowsOwnConnections ? elsewhere() : elsewhere() + fleet.total(.strangers, .server)
      )
      // A worker without a sign of life will soon go on or be given up, so it counts as something that moves.
      if now != last || fleet.someAreHung {
        deadline = clock.now().advanced(by: settleTime)
      }
      last = now
      if sampleClock.next <= clock.now() { try sample(hostReadings.readings()) }
      progress.update(progressState())
      sleep(until: clock.now().advanced(by: .milliseconds(10)))
      if course.isInterrupted { end = min(end, clock.now().advanced(by: Self.settleTime)) }
    }
    stillMoves = clock.now() >= end && clock.now() < deadline
  }

  /// Records as a limit that a worker was given up and killed. The connections that it held are
  /// gone; what it has counted since the run started stays.
  mutating func recordHang(of index: Int) {
    guard let hang = fleet.members[index].hang else { return }
    updateWorkers()
    let limit = finder(hostReadings.readings()).limit(
      ofHang: hang, of: state.workers[index], in: state.phases[phaseIndex],
      at: clock.now().seconds(since: started))
    state.limits.append(limit)
    note(limit)
  }

  /// Sleeps until the instant, or until a worker calls for attention or a signal comes; then acts on the signals that
  /// are pending.
  mutating func sleep(until instant: Instant) {
    clock.wait(until: instant)
    while clock.nextSignal() != nil {
      let decision = course.handle(.signal)
      if decision == .settle {
        progress.note("\(plan.name): interrupted; closing connections and writing the reports")
      }
      follow(decision)
    }
  }

  /// The instant at which the phase starts: now. A replay first waits for the recorded start of the phase,
  /// unless that has passed: phases never overlap, so that whatever is counted belongs to one phase.
  mutating func startOfPhase(_ index: Int) throws(RecordingError) -> Instant {
    guard let recorded = replay?.instants[index] else { return clock.now() }
    guard let (firstRecorded, firstStarted) = replayStarted else {
      let now = clock.now()
      replayStarted = (recorded, now)
      return now
    }
    let start = firstStarted.advanced(by: .seconds(recorded - firstRecorded))
    try loop(until: start) { _ in false }
    return clock.now()
  }

  /// Waits until every server worker has said whether it could listen.
  mutating func awaitListeners() throws(RecordingError) {
    // `loop` gives up a server worker that never says so.
    try loop(until: nil) { fleet in
      fleet.all(.server) { $0[.state] != WorkerState.starting.rawValue }
    }
  }
}
