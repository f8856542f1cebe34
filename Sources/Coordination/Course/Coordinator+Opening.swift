import Host
import Linux
import Plan
import Probe
import Recording

/// Finds the instant up to which the connect rate of a phase counts: when the phase has nothing more to open.
extension Coordinator {
  /// When the last arrival of a ramp or a churn is due. In a ramp that a replay drives by recorded arrivals it
  /// is when the last of these is due. Nil for other phases, for a ramp without a pace, and where that is 10^9 s
  /// away or more.
  func lastArrivalDue(_ index: Int) -> Instant? {
    let recorded = replay.flatMap { $0.arrivals.indices.contains(index) ? $0.arrivals[index] : nil }
    if let recorded, plan.phases[index].kind.phaseKind.addsConnections {
      return phaseStarted.advanced(byNanoseconds: recorded.end)
    }
    let seconds = plan.phases[index].secondsToLastArrival(
      holding: fleet.current(.held, .client), at: state.phases[index].plannedRate)
    return seconds.flatMap { $0 < 1e9 ? phaseStarted.advanced(by: .seconds($0)) : nil }
  }

  /// Keeps the run going until a ramp has settled, or the last arrival of a churn is due. Takes a sample when the last
  /// arrival is due, where that is known and the workers have not settled before, and one when a ramp has settled,
  /// because rates are computed from samples.
  ///
  /// - Returns: the load when the last arrival was due, but not before `shortestTimedPhase` into the phase;
  ///   without a known last arrival, the load at `shortestTimedPhase`. Where the workers settled earlier, the
  ///   load when they had settled.
  mutating func openEverything() throws(RecordingError) -> LoadReading {
    if let due = state.phases[phaseIndex].openedUntil {
      try loop(until: started.advanced(by: .seconds(due))) { fleet in fleet.hasSettled }
    }
    if state.phases[phaseIndex].openedUntil != nil, !fleet.hasSettled {
      try sample(hostReadings.readings())
    }
    // The kernel counts processor time in ticks of 10 ms, so the load of a shorter span would tell little.
    try loop(until: phaseStarted.advanced(by: .seconds(Self.shortestTimedPhase))) { $0.hasSettled }
    let load = loadReading(hostReadings.readings())
    guard plan.phases[phaseIndex].kind.phaseKind.addsConnections else { return load }
    try loop(until: nil) { fleet in fleet.hasSettled }
    let now = clock.now().seconds(since: started)
    state.phases[phaseIndex].openedUntil = min(state.phases[phaseIndex].openedUntil ?? now, now)
    let readings = hostReadings.readings()
    loadAfterOpening = loadReading(readings)
    try sample(readings)
    return load
  }
}
