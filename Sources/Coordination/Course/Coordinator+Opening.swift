import Host
import Linux
import Plan
import Probe
import Recording

/// When a phase has opened all that it is to open, which its rate counts to.
extension Coordinator {
  /// When the last arrival of a phase is due; nil where no pace says so, or nothing is opened.
  func lastArrivalDue(_ index: Int) -> Instant? {
    let recorded = replay.flatMap { $0.arrivals.indices.contains(index) ? $0.arrivals[index] : nil }
    if let recorded, plan.phases[index].kind.phaseKind.raises {
      return phaseStarted.advanced(byNanoseconds: recorded.end)
    }
    let seconds = plan.phases[index].secondsToLastArrival(
      holding: fleet.current(.held, .client), at: state.phases[index].plannedRate)
    return seconds.flatMap { $0 < 1e9 ? phaseStarted.advanced(by: .seconds($0)) : nil }
  }

  /// Keeps the run going until the phase has opened everything, with a sample at the instant at
  /// which its last arrival is due, and one when a ramp has settled: rates are told by samples.
  /// Returns what the processors had done by that instant.
  mutating func openEverything() throws(RecordingError) -> LoadReading {
    if let due = state.phases[phase].openedUntil {
      try loop(until: started.advanced(by: .seconds(due))) { fleet in fleet.hasSettled }
    }
    if state.phases[phase].openedUntil != nil, !fleet.hasSettled {
      try sample(hostReadings.readings())
    }
    // Processors are told in ticks of 10 ms, so a look at them takes at least this long.
    try loop(until: phaseStarted.advanced(by: .seconds(Self.shortestTimedPhase))) { $0.hasSettled }
    let load = load(hostReadings.readings())
    guard plan.phases[phase].kind.phaseKind.raises else { return load }
    try loop(until: nil) { fleet in fleet.hasSettled }
    let now = clock.now().seconds(since: started)
    state.phases[phase].openedUntil = min(state.phases[phase].openedUntil ?? now, now)
    try sample(hostReadings.readings())
    return load
  }
}
