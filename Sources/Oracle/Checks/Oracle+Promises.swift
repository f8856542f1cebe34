import Plan
import Recording
import Simulation

/// A phase is `done` where the network's books say that its promise was kept, and `limit` where they say that
/// it was not.
extension Oracle {
  func checkPromises() {
    for phase in recording.phases where phase.outcome == .done || phase.outcome == .limit {
      guard let start = phase.started, let end = phase.ended,
        let byBooks = promise(of: phase, from: start, to: end)
      else { continue }
      let allowed = Int(Double(byBooks.promised) * tolerance(of: phase) + 1e-9)
      let isBroken = byBooks.missed > allowed
      if hasDeath(in: phase) { continue }
      expect(
        isBroken == (phase.outcome == .limit), "promise",
        "\(phase.name) is \(phase.outcome.rawValue) (\(phase.promise.map { "\($0)" } ?? "no promise")),"
          + " and \(byBooks.missed) of \(byBooks.promised) were missing (\(allowed) may be)")
      if let promise = phase.promise {
        expect(
          promise.promised == byBooks.promised, "promise",
          "\(phase.name) promised \(promise.promised), and it was \(byBooks.promised)")
      }
    }
  }

  private func tolerance(of phase: PhaseRecord) -> Double {
    scenario.plan.phases.first { $0.name == phase.name }?.tolerance ?? 0
  }

  func hasDeath(in phase: PhaseRecord) -> Bool {
    recording.limits.contains { $0.phase == phase.name && $0.resource == .workerDied }
  }

  /// How many connections the phase promised by the network's books, and how many of these it lacks at its end;
  /// for a close, how many it should have closed and has left open. Nil where the books cannot tell: connections
  /// still came or went as the phase was counted, or the phase is neither a ramp nor a hold nor a storm nor a close.
  private func promise(
    of phase: PhaseRecord, from start: Double, to end: Double
  ) -> (promised: Int, missed: Int)? {
    if let storm = storm(of: phase) { return promise(of: storm, phase, from: start, to: end) }
    guard !truth.changes(before: end, within: slack(of: phase)) else { return nil }
    let (first, last) = (truth.standing(at: start), truth.standing(at: end))
    switch phase.kind {
    case .ramp:
      guard let goal = phase.goal else { return nil }
      return (goal, goal - min(last.atClient, last.atServer))
    case .hold:
      guard !truth.changes(before: start, within: Self.slack) else { return nil }
      // What was lost and came back was lost, and what stands does not tell.
      guard scenario.plan.clients.reconnect == nil else { return nil }
      let promised = min(first.atClient, first.atServer)
      return (promised, promised - min(last.atClient, last.atServer))
    case _ where phase.kind.closes:
      return (first.atClient, max(last.atClient, min(last.atServer, first.atClient)))
    // The books do not tell what a phase of another kind promised.
    default: return nil
    }
  }

  private func storm(of phase: PhaseRecord) -> Phase.Storm? {
    let planned = scenario.plan.phases.first { $0.name == phase.name }
    if case .storm(let storm) = planned?.kind { return storm }
    return nil
  }

  /// What a storm promised and lacked: at its end, or where it has not recovered when its time was over.
  private func promise(
    of storm: Phase.Storm, _ phase: PhaseRecord, from start: Double, to end: Double
  ) -> (promised: Int, missed: Int)? {
    let deadline = min(end, start + storm.within / .seconds(1))
    let (counted, slack) =
      phase.recovery == nil ? (deadline, Self.stormSlack) : (end, slack(of: phase))
    guard !truth.changes(before: start, within: Self.slack),
      !truth.changes(before: counted, within: slack)
    else { return nil }
    let (first, last) = (truth.standing(at: start), truth.standing(at: counted))
    let promised = storm.target(of: min(first.atClient, first.atServer))
    if !hasDeath(in: phase), phase.outcome == .done {
      expect(
        phase.dropped == storm.cut(of: first.atClient), "storm",
        "\(phase.name) cut \(phase.dropped ?? -1) of \(first.atClient) (\(storm.drop))")
    }
    return (promised, promised - min(last.atClient, last.atServer))
  }

  /// Seconds: the coordinator looks a hundred times per second.
  private static var stormSlack: Double { 0.03 }

  /// The most seconds between the counting of connections and the end of a phase.
  func slack(of phase: PhaseRecord) -> Double {
    // Where the run goes on after a limit, the clients first send a byte on every connection
    // (`Coordinator.verify`), and may lose some by that.
    phase.outcome == .limit && scenario.plan.onLimit == .hold ? 5 : Self.slack
  }

  /// Seconds. A segment is under way for a millisecond at most, and a worker's turn takes about as long.
  private static var slack: Double { 0.005 }
}
