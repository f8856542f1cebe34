package import GoldenFiles
package import Recording

extension Recording {
  /// A recording drawn by chance from small numbers that lie at, below and above each other: phases of all
  /// kinds, samples that some of them lack, limits, failures, messages. It makes some sense: instants follow
  /// each other, and counters mostly rise.
  ///
  /// - Parameter text: the plan's, whose phases it has; nil for one without.
  package static func drawn(_ chance: inout Chance, plan: DrawnPlan? = nil) -> Recording {
    var drawing = Drawing(chance, plan ?? .drawn(&chance))
    defer { chance = drawing.chance }
    return drawing.recording()
  }
}

/// The phases of a plan, and its text.
package struct DrawnPlan {
  package var kinds: [PhaseKind]
  /// The names that the plan gives to its phases: the kind, and a number from the second on.
  package var names: [String]
  package var text: String

  package static func drawn(_ chance: inout Chance) -> DrawnPlan {
    var kinds: [PhaseKind] = [.ramp]
    for _ in 0..<chance.below(4) {
      kinds.append(chance.pick([.ramp, .hold, .hold, .churn, .pause]))
    }
    if chance.happens(35) { kinds.append(.search) }
    if chance.happens(60) { kinds.append(.close) }
    var lines = [
      chance.happens(70) ? "server: {listen: \"127.0.0.1:9000\"}" : "target: 127.0.0.1:9000"
    ]
    let plays = kinds.contains(.hold)
    if plays {
      lines.append("messages: {ping: {rate: 100/s, send: ping}, beat: {every: 1s, send: beat}}")
    }
    if chance.happens(20) {
      lines.append("expect-limit: {resource: descriptors-per-process, connections: 900..1k}")
    }
    lines.append("phases:")
    for (index, kind) in kinds.enumerated() {
      switch kind {
      case .ramp: lines.append("  - ramp: {to: \(1000 + index)}")
      case .hold: lines.append("  - hold: {for: 3s, messages: [ping, beat]}")
      case .churn: lines.append("  - churn: {rate: 100/s, lifetime: 1s, for: 3s}")
      case .storm: lines.append("  - storm: {drop: 50%, within: 1m}")
      case .search: lines.append("  - search: {from: 1100, step: 100, to: 2000, confirm: 1s}")
      case .pause: lines.append("  - pause: 1s")
      case .close: lines.append("  - close: reset")
      }
    }
    if chance.happens(70) {
      lines.append("thresholds:")
      lines.append("  - connections >= 1")
      lines += chance.some(of: thresholds, percent: 25)
        .filter { plays || !$0.hasPrefix("messages") && !$0.hasPrefix("rtt") }.map { "  - \($0)" }
    }
    lines.append("sampling: {every: 1s}")
    let names = kinds.indices.map { place in
      let count = kinds[...place].count { $0 == kinds[place] }
      return kinds[place].rawValue + (count > 1 ? "-\(count)" : "")
    }
    return DrawnPlan(kinds: kinds, names: names, text: lines.joined(separator: "\n") + "\n")
  }

  private static let thresholds = [
    "connections >= 1000", "failures == 0", "failures.rate < 1%", "phantom == 0", "accepted >= 999",
    "connect.p99 < 1ms", "connect.p50 <= 2ms", "connect.rate > 300/s", "messages.lost == 0",
    "messages.sent >= 5", "messages.unsent < 3", "rtt.p99 < 5ms", "drift.max < 10ms",
    "messages.rate > 90/s", "unasked == 0", "memory.kernel < 3KiB", "prediction.error < 10%",
    "connections >= 900 in ramp", "failures == 0 in ramp", "messages.lost == 0 for 1s",
    "connect.p99 < 1s for 2s abort", "failures == 0 abort", "connections >= 999 in ramp for 2s",
  ]
}

private struct Drawing {
  var chance: Chance
  let plan: DrawnPlan
  private var duration = 0.0
  private var spans: [ClosedRange<Double>] = []

  init(_ chance: Chance, _ plan: DrawnPlan) {
    self.chance = chance
    self.plan = plan
  }

  mutating func recording() -> Recording {
    var recording = Recording(planName: "drawn")
    recording.planFile = "drawn.plan"
    recording.planText = plan.text
    recording.effectivePlan = plan.text
    recording.seed = 7
    recording.programVersion = chance.pick(["1.3.0", "1.2.0"])
    recording.started = chance.pick(["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:06.250Z"])
    recording.hostname = chance.pick(["a", "b"])
    recording.host = [
      Fact("kernel", chance.pick(["6.18", "6.1"])), Fact("memory", "24 GiB"),
      Fact("open files", "\(chance.below(9))"),
    ]
    recording.phases = phases()
    recording.workers = workers()
    recording.duration = duration
    recording.complete = !chance.happens(8)
    recording.interrupted = chance.happens(8)
    recording.fault = chance.happens(5) ? "out of disk\nand more" : nil
    recording.failures = failures(recording.phases)
    recording.limits = limits(recording.phases)
    recording.searchSteps = searchSteps(recording.phases)
    recording.prediction = prediction()
    recording.series = series()
    recording.distributions = distributions(recording.phases)
    return recording
  }

  // MARK: Records

  private mutating func phases() -> [PhaseRecord] {
    var now = chance.pick([0, 0.25])
    let cutOffAt = chance.happens(15) ? chance.below(plan.kinds.count) : nil
    return plan.kinds.enumerated().map { index, kind in
      var phase = PhaseRecord(
        name: plan.names[index], kind: kind, title: "\(kind.rawValue) as planned",
        planLine: 5 + index)
      if kind == .ramp || kind == .search { phase.goal = 1000 + index }
      if kind == .ramp || kind == .churn { phase.plannedRate = chance.pick([nil, 100, 1000]) }
      if let cutOffAt, index > cutOffAt { return phase }
      let length = Double(chance.pick([1, 2, 3, 4]))
      phase.started = now
      phase.ended = index == cutOffAt ? nil : now + length
      spans.append(now...now + length)
      now += length
      duration = now
      phase.openedUntil = kind.grows ? chance.pick([nil, now - length / 2, now]) : nil
      phase.established = chance.pick([0, 1, 900, 999, 1000, 1001])
      phase.accepted = max(0, phase.established - chance.pick([0, 0, 1, 50]))
      phase.phantom = kind.grows ? chance.pick([0, 0, 1, 50]) : 0
      phase.failures = chance.pick([0, 0, 1, 12])
      if kind != .pause, chance.happens(85) {
        phase.promise = PhasePromise(
          promised: chance.pick([1, 999, 1000]), missed: chance.pick([0, 0, 0, 1, 9, 10, 11, 999]),
          tolerance: chance.pick([0, 0, 0.01]),
          lostBeside: kind == .churn ? chance.pick([0, 0, 1]) : 0)
      }
      if kind.finds { phase.ceiling = chance.pick([nil, 950, 1000, 2000]) }
      phase.outcome = chance.pick([.done, .done, .done, .limit])
      if index == cutOffAt { phase.outcome = .interrupted }
      if chance.happens(5) {
        phase.outcome = .aborted
        phase.abortedBy = chance.pick([nil, "failures == 0 (measured 3)"])
        phase.abortedAt = chance.pick([nil, now])
      }
      if chance.happens(15) {
        phase.remark = chance.pick(["slow", "90/s of 100/s planned: busy"])
      }
      return phase
    }
  }

  private mutating func workers() -> [WorkerRecord] {
    let ends: [End] = chance.pick([
      [.client], [.server, .client], [.server, .server, .client, .client], [], [.server],
    ])
    return ends.enumerated().map { index, end in
      WorkerRecord(
        id: index, end: end, pid: 100 + index,
        endpoint: end == .server ? "127.0.0.1:\(9000 + index)" : nil,
        connections: chance.pick([0, 500, 1000]), userTime: chance.pick([0, 0.25, 2]),
        systemTime: chance.pick([0, 0.5]), privateBytes: chance.pick([nil, 1 << 20]),
        exitCode: chance.pick([0, 0, 0, nil, 1]), signal: chance.happens(5) ? 9 : nil)
    }
  }

  private mutating func phaseName(_ phases: [PhaseRecord]) -> String {
    chance.happens(3) ? "unknown" : chance.pick(phases.map(\.name))
  }

  private mutating func errno() -> ErrnoRecord? {
    chance.pick([
      nil, ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"),
      ErrnoRecord(number: 111, name: "ECONNREFUSED", text: "Connection refused"),
    ])
  }

  private mutating func failures(_ phases: [PhaseRecord]) -> [FailureRecord] {
    (0..<chance.pick([0, 0, 1, 3])).map { _ in
      FailureRecord(
        end: chance.pick([.client, .server]), worker: chance.pick([nil, 0, 1]),
        phase: phaseName(phases), syscall: chance.pick(["socket", "connect", "closed"]),
        errno: errno(), count: chance.pick([1, 5, 12]), retried: chance.pick([0, 0, 1]),
        firstInstant: chance.pick([0.5, 1, 2]), stoppedAt: chance.pick([nil, 1.5]),
        established: chance.pick([0, 900]), accepted: chance.pick([0, 899]),
        source: chance.pick([nil, "127.0.0.2:1024"]),
        endpoint: chance.pick([nil, "127.0.0.1:9000"]))
    }
  }

  private mutating func limits(_ phases: [PhaseRecord]) -> [LimitRecord] {
    (0..<chance.pick([0, 0, 0, 1, 2, 4])).map { _ in
      LimitRecord(
        end: chance.pick([.client, .server, .host]), worker: chance.pick([nil, 0, 1]),
        phase: phaseName(phases), planLine: 5, syscall: chance.pick([nil, "socket", "accept4"]),
        errno: errno(),
        resource: chance.pick([
          .descriptorsPerProcess, .acceptQueue, .memory, .workerDied, .closedByPeer, .noRoute,
          .nobodyListens, .unclassified,
        ]),
        count: chance.pick([1, 5, 12]), firstInstant: chance.pick([0.5, 1, 2]),
        stoppedAt: chance.pick([nil, nil, 1, 1.5]), established: chance.pick([900, 1000]),
        accepted: chance.pick([899, 1000]), source: nil,
        endpoint: chance.pick([nil, "127.0.0.1:9000"]),
        knob: chance.pick([nil, "RLIMIT_NOFILE"]), now: chance.pick([nil, 1024]),
        needed: chance.pick([nil, 2048]), fix: chance.pick([nil, "ulimit -n 2048"]),
        predicted: chance.pick([nil, 1000]),
        evidence: chance.some(of: [Fact("seen", "1"), Fact("a guess", "a power of two")]))
    }
  }

  private mutating func searchSteps(_ phases: [PhaseRecord]) -> [SearchStep] {
    phases.filter { $0.kind.finds && $0.started != nil }.flatMap { phase in
      (0..<chance.below(4)).map { step in
        SearchStep(
          phase: phase.name, at: (phase.started ?? 0) + Double(step) / 4, goal: 1000 + 100 * step,
          held: 1000 + 100 * step - chance.pick([0, 50]),
          outcome: chance.pick([.reached, .reached, .limit, .tooMany, .confirmed, .lost]),
          reason: chance.pick(["", "messages.lost > 0 (measured 3)", "client socket EMFILE"]))
      }
    }
  }

  private mutating func prediction() -> [PredictionTerm] {
    var terms = chance.some(
      of: [
        PredictionTerm(
          end: .client, resource: .descriptorsPerProcess, connections: 1018, reason: "1 process"),
        PredictionTerm(
          end: .server, resource: .descriptorsPerProcess, connections: 1017, reason: "s"),
        PredictionTerm(
          end: .host, resource: .memory, connections: chance.pick([900, 4000]), reason: "m"),
        PredictionTerm(end: .client, resource: .sourcePorts, connections: 64_512, reason: "p"),
      ], percent: 60)
    if let least = terms.map(\.connections).min(),
      let index = terms.firstIndex(where: { $0.connections == least })
    {
      terms[index].binds = true
    }
    return terms
  }

  // MARK: Samples

  private mutating func points(
    _ kind: Series.Kind, _ steps: [Double]
  ) -> [Series.Point] {
    var (points, value) = ([Series.Point](), 0.0)
    var at = chance.pick([0, 0.25])
    while at <= duration {
      if kind == .gauge { value = chance.pick(steps) } else { value += chance.pick(steps) }
      if !chance.happens(8) { points.append(.init(at: at, value: value)) }
      at += 0.5
    }
    return points
  }

  private mutating func series() -> [Series] {
    let connections: [Double] = [0, 500, 900, 999, 1000, 1001]
    let rising: [Double] = [0, 0, 1, 50, 250]
    var all: [(Series.Key, String, Series.Kind, [Double])] = [
      (.established, "connections", .gauge, connections),
      (.accepted, "connections", .gauge, connections),
      (.attempts, "connections", .counter, rising), (.retries, "", .counter, [0, 0, 1]),
      (.handshakes, "connections", .counter, rising), (.failures, "", .counter, [0, 0, 0, 2]),
      (.lost, "connections", .counter, [0, 0, 1]), (.churned, "connections", .counter, rising),
      (.unanswered, "connections", .gauge, [0, 0, 3]),
      (.unasked, "connections", .counter, [0, 0, 1]),
      (.waits, "", .counter, [0, 1]), (.kernelMemory, "bytes", .gauge, [0, 2_000_000, 6_000_000]),
      (.memoryAvailable, "bytes", .gauge, [1e9, 2e9]), (.slab, "bytes", .gauge, [1e8]),
      (.tcpPages, "pages", .gauge, [0, 100]), (.bytesSent, "bytes", .counter, [0, 4000]),
      (.bytesReceived, "bytes", .counter, [0, 4000]),
      (.failures("client socket EMFILE"), "", .counter, [0, 2]),
      (.source("127.0.0.2"), "connections", .gauge, connections),
      (.source("127.0.0.3"), "connections", .gauge, connections),
      (.endpoint("127.0.0.1:9000"), "connections", .gauge, connections),
      (.processor("client"), "seconds", .counter, [0, 0.25]),
      (.processor("coordinator"), "seconds", .counter, [0, 0.125]),
    ]
    for pattern in ["ping", "beat"] where chance.happens(60) {
      all += [
        (.messages(.sent, pattern), "messages", .counter, [0, 50]),
        (.messages(.received, pattern), "messages", .counter, [0, 49, 50]),
        (.messages(.wrong, pattern), "messages", .counter, [0, 0, 1]),
        (.messages(.short, pattern), "messages", .counter, [0, 0, 1]),
        (.messages(.late, pattern), "messages", .counter, [0, 0, 1, 2]),
        (.messages(.missing, pattern), "messages", .counter, [0, 1, -1]),
      ]
      if chance.happens(80) { all.append((.unsent(pattern), "messages", .gauge, [0, 0, 5])) }
      if chance.happens(70) { all.append((.wanted(pattern), "seconds", .counter, [0, 0.5])) }
    }
    return all.compactMap { key, unit, kind, steps in
      chance.happens(12)
        ? nil : Series(key: key, unit: unit, kind: kind, points: points(kind, steps))
    }
  }

  private mutating func distributions(_ phases: [PhaseRecord]) -> [DistributionRecord] {
    let latencies: [Latency] = [
      .connect, .connectUncorrected, .roundTrip, .roundTripUncorrected, .drift,
    ]
    return zip(phases, spans).flatMap { phase, span in
      latencies.flatMap { latency -> [DistributionRecord] in
        if chance.happens(30) { return [] }
        return stride(from: span.lowerBound, to: span.upperBound, by: 0.5).map { from in
          let buckets = (0..<chance.below(4)).map { _ in
            Distribution.Bucket(
              value: chance.pick([0, 1, 1_000_000, 1_999_999, 2_000_000, 1_500_000_000]),
              count: chance.pick([0, 1, 9, 10, 100, 1000]))
          }
          return DistributionRecord(
            latency: latency, phase: phase.name, from: from, to: from + 0.5,
            distribution: Distribution(buckets: buckets))
        }
      }
    }
  }
}
