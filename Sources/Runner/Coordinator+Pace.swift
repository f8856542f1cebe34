import Host
import Linux
import Plan
import Probe
import Recording

/// What the kernel's counters and the workers' clocks said at an instant.
struct LoadReading {
  let at: Instant
  let counters: [Series.Key: Double]
  /// Seconds of processor time that each worker had used.
  let workers: [Double]
}

/// Saying why a phase went slower than planned, where it did. A limit is a reason of its own.
extension Coordinator {
  /// Seconds that a phase must take for its pace to mean something.
  static let leastPace = 0.2

  func load(_ readings: [Reading]) -> LoadReading {
    LoadReading(
      at: .now(), counters: readings.values, workers: fleet.members.map(\.processorTime))
  }

  /// - Parameters:
  ///   - before: handshakes that had finished when the phase began.
  ///   - load: what the processors had done when the last of it was to be opened.
  ///   - tail: time at its end in which nothing is opened any more.
  mutating func remarkOnPace(
    since before: Int, load: LoadReading, tail: Duration = .zero
  ) {
    let elapsed = Instant.now().seconds(since: phaseStarted) - tail / .seconds(1)
    let phase = phase
    guard let planned = state.phases[phase].plannedRate, elapsed > Self.leastPace, !growthStopped,
      !interrupted, !fleet.any(.client, { $0.isLimited(in: phase) })
    else { return }
    remark(
      Double(fleet.total(.established, .client) - before) / elapsed, of: planned, "", load)
  }

  /// The same of messages that have instants.
  ///
  /// - Parameters:
  ///   - before: messages that had been sent when the phase began.
  ///   - held: connections that were held then.
  mutating func remarkOnMessages(since before: Int, from held: Int) {
    let elapsed = Instant.now().seconds(since: phaseStarted)
    guard elapsed > Self.leastPace, !interrupted, !isCut else { return }
    let planned = plan.phases[phase].messageRate(
      of: plan.patterns, over: min(held, fleet.now(.held, .client)))
    remark(
      Double(messagesSent - before) / elapsed, of: planned, " messages", load(kernel.readings()))
  }

  private mutating func remark(
    _ rate: Double, of planned: Double, _ what: String, _ load: LoadReading
  ) {
    let pace = MissedPace(
      rate: rate, planned: planned, elapsed: load.at.seconds(since: loadBefore.at),
      workers: zip(fleet.members, zip(load.workers, loadBefore.workers)).map { member, busy in
        MissedPace.Load(end: member.end, busy: busy.0 - busy.1)
      }, clientsWaitAwake: clientsWaitAwake)
    guard pace.wantsReason else { return }
    let reason = pace.reason(before: loadBefore.counters, after: load.counters, host: host)
    let remark = "\(Format.rate(rate)) of \(Format.rate(planned))\(what) planned: \(reason)"
    state.phases[phase].remark = remark
    progress.note("\(plan.name): \(state.phases[phase].name): \(remark)")
  }
}
