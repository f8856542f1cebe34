package import Recording

/// How fast a phase went, how fast it was planned to go, and what processor time its workers used.
package struct PhasePace: Sendable {
  /// Per second: connections that were begun, or messages that were sent.
  package var rate: Double
  /// The planned value of `rate`.
  package var planned: Double
  /// Seconds over which processors and workers were looked at.
  package var elapsed: Double
  /// What each worker used in this time.
  package var workers: [Load]
  /// Whether clients spend the last moments before a message is due awake, so that they look busier than
  /// they are.
  package var clientsWaitAwake: Bool
  /// Messages a second that were due while no connection was free: each had another one under way.
  package var blocked: Double

  /// The processor time that one worker used.
  package struct Load: Sendable, Equatable {
    package var end: End
    /// Seconds of processor time.
    package var busySeconds: Double

    package init(end: End, busySeconds: Double) {
      self.end = end
      self.busySeconds = busySeconds
    }
  }

  package init(
    rate: Double, planned: Double, elapsed: Double, workers: [Load], clientsWaitAwake: Bool = false,
    blocked: Double = 0
  ) {
    self.rate = rate
    self.planned = planned
    self.elapsed = elapsed
    self.workers = workers
    self.clientsWaitAwake = clientsWaitAwake
    self.blocked = blocked
  }

  /// Whether the rate is more than a tenth below the planned one. Then a reason is looked for.
  package var wantsReason: Bool { isMissed(by: rate) }

  private func isMissed(by rate: Double) -> Bool { planned.isFinite && rate < 0.9 * planned }

  /// Says in words what kept the rate below the planned one: connections that were not free, processors, or both.
  ///
  /// Where messages that found no connection free make up for what is missing, the workers were in time. Then
  /// processors that others keep busy are no reason. What is named beside is a worker or a control group at its own
  /// limit, or processors that the workers themselves fill: a client that reads answers late, or a server that has to
  /// share its processor, has busy connections, too.
  package func reason(
    before: [Series.Key: Double], after: [Series.Key: Double], host: HostDescription
  ) -> String {
    guard blocked > 0 else { return processors(before: before, after: after, host: host) }
    let waited =
      "\(Format.rate(blocked)) found no connection free, as each had a message under way that was not"
      + " answered yet"
    let beside =
      isMissed(by: rate + blocked)
      ? processors(before: before, after: after, host: host)
      : shortage(before: before, after: after, host: host)
        ?? ProcessorUse(pace: self, before: before, after: after, host: host).filledProcessors
    return [waited, beside].compactMap(\.self).joined(separator: "; ")
  }

  /// Says in words whether the processors were the reason, and names everything that was found: a host that is
  /// idle as a whole may have one processor, one worker or one control group that was not.
  private func processors(
    before: [Series.Key: Double], after: [Series.Key: Double], host: HostDescription
  ) -> String {
    let seen = ProcessorUse(pace: self, before: before, after: after, host: host)
    let found =
      seen.throttledGroups + seen.busyWorkers { _ in true } + seen.softInterrupts
      + seen.busyProcessors
    if !found.isEmpty { return found.joined(separator: "; ") }
    return seen.isMeasured
      ? "the processors were not the reason"
      : "what the processors did was not measured"
  }

  /// What the processors did, for failures that a lack of processor time may have caused.
  package func findings(
    before: [Series.Key: Double], after: [Series.Key: Double], host: HostDescription
  ) -> ProcessorFindings {
    let shortage = shortage(before: before, after: after, host: host)
    return ProcessorFindings(
      words: shortage ?? processors(before: before, after: after, host: host),
      wereShort: shortage != nil)
  }

  /// What kept the run's own processes from more processor time, in words; nil where nothing did.
  /// Processors that are busy are no proof: a worker that was stopped did not want any. Where clients wait awake,
  /// busy clients are no proof either: they may be busy with waiting.
  package func shortage(
    before: [Series.Key: Double], after: [Series.Key: Double], host: HostDescription
  ) -> String? {
    let seen = ProcessorUse(pace: self, before: before, after: after, host: host)
    let found = seen.throttledGroups + seen.busyWorkers { $0 == .server || !clientsWaitAwake }
    return found.isEmpty ? nil : found.joined(separator: "; ")
  }
}

/// What the processors did in a phase.
package struct ProcessorFindings: Sendable, Equatable {
  package var words: String
  /// Whether the run's own processes got too little processor time.
  package var wereShort: Bool

  package init(words: String, wereShort: Bool) {
    self.words = words
    self.wereShort = wereShort
  }
}

/// What the kernel's counters and the workers' clocks tell of processors.
private struct ProcessorUse {
  /// The share of the time from which on a worker or a processor counts as busy all the time. The last
  /// tenth allows for the clocks' ticks.
  static let full = 0.9
  /// The share of the processors' time from which on the run's own workers are what keeps them busy.
  static let most = 0.75
  /// The share of a control group's periods from which on throttling counts as a reason.
  static let oftenThrottled = 0.1
  /// Seconds. The kernel tells a processor's time in ticks of 10 ms, and fewer than ten ticks say
  /// nothing.
  static let shortest = 0.1

  let pace: PhasePace
  let before: [Series.Key: Double]
  let after: [Series.Key: Double]
  let host: HostDescription

  func rise(_ key: Series.Key) -> Double? { after[key].map { $0 - (before[key] ?? 0) } }

  /// The share of the time in which a processor did nothing, by the processor's number.
  private var idle: [Int: Double] { shares(of: Series.Key.idleOfProcessor("").name) }
  /// The share of the time that a processor spent on interrupts, by the processor's number.
  private var softirq: [Int: Double] { shares(of: Series.Key.softirqOfProcessor("").name) }

  /// The share of the time by which a series of each processor rose, by the processor's number.
  private func shares(of name: String) -> [Int: Double] {
    guard pace.elapsed >= Self.shortest else { return [:] }
    var shares: [Int: Double] = [:]
    for key in after.keys where key.name == name {
      if let number = Int(key.label), let rise = rise(key) { shares[number] = rise / pace.elapsed }
    }
    return shares
  }

  /// The processors that this process may use and whose idle time is known.
  private var allowed: [Int] { host.ownProcessors.allowed.filter { idle[$0] != nil } }

  var isMeasured: Bool { !allowed.isEmpty }

  /// The control groups that the kernel throttled often, in words. A group that has used up its time is stopped
  /// until its next period, even while processors are idle.
  var throttledGroups: [String] {
    after.keys.filter { $0.name == Series.Key.throttledPeriods("").name }
      .sorted { $0.label < $1.label }
      .compactMap { key in
        guard let throttled = rise(key), let periods = rise(.periods(key.label)), periods > 0,
          throttled >= Self.oftenThrottled * periods
        else { return nil }
        let bound = key.label.split(separator: "/").last ?? ""
        return "the control group throttled \(Format.count(throttled)) of"
          + " \(Format.count(periods)) periods (\(bound))"
      }
  }

  /// The workers that were busy, in words. A worker is one thread, so it can do no more once it uses nearly all
  /// of one processor.
  func busyWorkers(_ isAsked: (End) -> Bool) -> [String] {
    guard pace.elapsed > 0 else { return [] }
    return [End.client, .server].filter(isAsked).compactMap { end in
      let shares = pace.workers.filter { $0.end == end }.map { $0.busySeconds / pace.elapsed }
      let busy = shares.filter { $0 >= Self.full }
      guard let least = busy.min() else { return nil }
      // The workers' clocks and the run's are read one after the other, so a share may exceed 1.
      let percent = Format.share(min(1, least))
      let awake =
        end == .client && pace.clientsWaitAwake ? ", part of it awake for the next message" : ""
      if shares.count == 1 {
        return "the \(end.rawValue)'s worker was busy \(percent) of the time\(awake)"
      }
      return "\(busy.count) of \(shares.count) \(end.rawValue) workers were busy \(percent) of the"
        + " time or more\(awake)"
    }
  }

  /// The processors with hardly any idle time that spent at least half of the time on interrupts, in words. A
  /// processor that takes in all packets of a network card does so.
  var softInterrupts: [String] {
    softirq.sorted { $0.key < $1.key }.compactMap { number, share in
      guard share >= 0.5, idle[number].map({ $0 <= 1 - Self.full }) ?? false else { return nil }
      return "processor \(number) was busy with soft interrupts \(Format.share(min(1, share))) of"
        + " the time"
    }
  }

  /// As `busyProcessors`, in one text, where the run's own workers used most of their time. Nil where others did, and
  /// where clients wait awake, which may fill a processor however little there is to do.
  var filledProcessors: String? {
    guard !pace.clientsWaitAwake, pace.elapsed > 0 else { return nil }
    let used = pace.workers.reduce(0) { $0 + $1.busySeconds } / pace.elapsed
    return used >= Self.most * Double(allowed.count) ? busyProcessors.first : nil
  }

  /// In words, that the processors which this process may use were busy, all of them taken together; empty where
  /// they were not.
  var busyProcessors: [String] {
    // Where some of them were not measured, nobody knows what these did.
    guard isMeasured, allowed.count == host.ownProcessors.allowed.count else { return [] }
    let unused = allowed.reduce(0) { $0 + (idle[$1] ?? 0) } / Double(allowed.count)
    guard unused <= 1 - Self.full else { return [] }
    if allowed.count >= host.processors { return ["every core was busy"] }
    let which = allowed.count == 1 ? "the one processor" : "the \(allowed.count) processors"
    return [
      "\(which) of \(host.processors) that runner may use \(allowed.count == 1 ? "was" : "were")"
        + " busy \(Format.share(min(1, max(0, 1 - unused)))) of the time"
    ]
  }
}
