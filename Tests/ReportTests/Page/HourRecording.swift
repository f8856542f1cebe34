import Plan
import Recording

/// An hour on a large host: 120 workers, four message patterns and every series that a run records,
/// a sample a second. For size, for speed and for looking at.
enum Hour {
  static let samples = 3_600
  private static let workersAnEnd = 60
  private static let goal = 1_000_000.0
  private static let patterns = ["heartbeat", "login", "broadcast", "telemetry"]

  static let recording: Recording = {
    var recording = Large.recording()
    recording.planName = "hour"
    recording.planFile = "plans/hour.plan"
    recording.planText = planText
    recording.effectivePlan = planText
    recording.duration = Double(samples)
    recording.phases = phases
    recording.workers = workers
    recording.failures = failures
    recording.series = connections + messages + kernel + addresses
    recording.distributions = latencies
    return recording
  }()

  private static let planText = """
    name: hour
    description: An hour of a million connections that talk, come and go.
    server: {listen: "127.0.0.1:9000"}
    clients: {sources: 127.0.0.2-127.0.0.17}
    messages:
      heartbeat: {every: 30s, send: "ping\\n", expect: echo}
      login: {every: 10m, send: "hello\\n", expect: echo}
      broadcast: {rate: 200/s, send: "all\\n", expect: echo}
      telemetry: {rate: 5k/s, bytes: 64B, expect: echo}
    phases:
      - ramp: {to: 1M, rate: 2k/s}
      - hold: {for: 20m, messages: [heartbeat, login, broadcast, telemetry]}
      - churn: {rate: 2k/s, lifetime: 5s, for: 20m}
      - hold: {for: 10m, messages: [heartbeat, login, broadcast, telemetry]}
      - close: {over: 100s}
    thresholds:
      - connections >= 1M
      - connect.p99 < 1s in ramp
      - messages.lost < 1k
      - failures.rate < 0.1% for 10m
      - failures < 10k for 10m
      - connections >= 900k for 10m in churn
      - connect.p99 < 10s for 10m in churn
      - rtt.p99 < 10s for 10m in hold

    """

  private static var phases: [PhaseRecord] {
    func phase(
      _ kind: PhaseKind, _ title: String, _ from: Double, _ to: Double, goal: Int? = nil,
      name: String? = nil
    ) -> PhaseRecord {
      PhaseRecord(
        name: name ?? kind.rawValue, kind: kind, title: title, planLine: 11, goal: goal,
        plannedRate: kind == .ramp ? 2_000 : nil, started: from, ended: to, outcome: .done,
        established: Int(Hour.goal), accepted: Int(Hour.goal), failures: kind == .churn ? 900 : 0)
    }
    return [
      phase(.ramp, "ramp to 1,000,000 at 2,000/s", 0, 500, goal: 1_000_000),
      phase(.hold, "hold for 20 min, 4 patterns", 500, 1_700),
      phase(.churn, "churn at 2,000/s for 20 min", 1_700, 2_900),
      phase(.hold, "hold for 10 min, 4 patterns", 2_900, 3_500, name: "hold-2"),
      phase(.close, "close over 100 s", 3_500, 3_600),
    ]
  }

  private static var workers: [WorkerRecord] {
    (0..<workersAnEnd * 2).map { id in
      let isClient = id < workersAnEnd
      return WorkerRecord(
        id: id, end: isClient ? .client : .server, pid: 5_000 + id,
        endpoint: isClient ? nil : "127.0.0.1:\(9_000 + id - workersAnEnd)", connections: 16_667,
        userTime: 41.5 + Double(id % 7), systemTime: 160 + Double(id % 11), privateBytes: 1_410_000,
        exitCode: 0)
    }
  }

  private static var failures: [FailureRecord] {
    [
      FailureRecord(
        end: .client, worker: 3, phase: "churn", syscall: "connect",
        errno: ErrnoRecord(number: 110, name: "ETIMEDOUT", text: "Connection timed out"),
        count: 700, firstInstant: 1_800, established: 999_000, accepted: 998_990,
        source: "127.0.0.5", endpoint: "127.0.0.1:9004"),
      FailureRecord(
        end: .client, worker: 9, phase: "churn", syscall: "read",
        errno: ErrnoRecord(number: 104, name: "ECONNRESET", text: "Connection reset by peer"),
        count: 200, firstInstant: 2_100, established: 999_000, accepted: 998_990,
        source: "127.0.0.7", endpoint: "127.0.0.1:9011"),
    ]
  }
}

// MARK: - Series

extension Hour {
  /// Of two minutes nothing was sampled, as when a host stands still.
  private static let gap = 2_300..<2_420

  private static func series(
    _ name: String, label: String = "", _ unit: String, _ kind: Series.Kind = .gauge,
    _ value: (Int) -> Double
  ) -> Series {
    Series(
      key: .init(name, label: label), unit: unit, kind: kind,
      points: (0...samples).compactMap {
        gap.contains($0) ? nil : .init(at: Double($0), value: value($0))
      })
  }

  private static func noise(_ index: Int, _ seed: Int = 0) -> Double {
    Double((index &* 7_919 &+ seed &* 104_729) % 1_009) / 1_009
  }

  private static func level(_ second: Int) -> Double {
    switch second {
    case ..<500: Double(second) * 2_000
    case ..<1_700, 2_900..<3_500: goal
    case ..<2_900: goal - 3_000 * noise(second)
    default: goal * Double(samples - second) / 100
    }
  }

  private static func talking(_ second: Int) -> Double {
    Double(min(max(0, second - 500), 1_200) + min(max(0, second - 2_900), 600))
  }

  private static var connections: [Series] {
    [
      series("connections.established", "connections") { level($0) },
      series("connections.accepted", "connections") { level($0) - 200 * noise($0, 1) },
      series("connections.connecting", "connections") { $0 < 500 ? 90 * noise($0, 2) : 0 },
      series("attempts", "connections", .counter) {
        min(level($0), goal) + Double(max(0, $0 - 1_700)) * 2_000
      },
      series("handshakes", "connections", .counter) { Double($0) * 2_000 },
      series("failures", "failures", .counter) { Double(max(0, min($0, 2_900) - 1_800)) * 0.8 },
      series("failures.by-cause", label: "client connect ETIMEDOUT", "failures", .counter) {
        Double(max(0, min($0, 2_900) - 1_800)) * 0.64
      },
      series("failures.by-cause", label: "client read ECONNRESET", "failures", .counter) {
        Double(max(0, min($0, 2_900) - 2_100)) * 0.25
      },
    ]
  }

  private static var messages: [Series] {
    let rates = [33_333.0, 1_667, 200, 5_000]
    return patterns.indices.flatMap { index in
      MessageOutcome.allCases.map { outcome in
        series(outcome.seriesName, label: patterns[index], "messages", .counter) { second in
          let sent = talking(second) * rates[index]
          return switch outcome {
          case .sent: sent
          case .received: max(0, sent - rates[index] * 0.2 - sent * 1e-6)
          case .late: (sent * 1e-6).rounded()
          case .wrong, .short, .missing: 0
          }
        }
      }
    } + [
      series("bytes.sent", "bytes", .counter) { talking($0) * 520_000 },
      series("bytes.received", "bytes", .counter) { talking($0) * 519_000 },
      series("connections.unanswered", "connections") { _ in 0 },
    ]
  }

  private static var kernel: [Series] {
    let events = [
      "tcp.listen-overflows", "tcp.listen-drops", "tcp.request-queue-full-drops", "tcp.timeouts",
      "tcp.syn-retransmits", "tcp.backlog-drops", "tcp.aborts-on-memory", "tcp.prunes",
      "tcp.attempt-fails", "tcp.established-resets", "tcp.resets-sent", "tcp.retransmits",
      "memory.oom-kills", "conntrack.drops", "memory.cgroup-out-of-memory",
    ].enumerated().map { index, name in
      series(name, "events", .counter) { second in
        index.isMultiple(of: 3) ? Double(second) * noise(index) * 3 : 0
      }
    }
    let modes = [("user", 6.0), ("system", 21), ("softirq", 9), ("idle", 27), ("iowait", 0.2)]
    return events
      + modes.enumerated().map { index, mode in
        series("cpu.\(mode.0)", "s", .counter) { Double($0) * mode.1 + noise($0, index) }
      }
      + ["pressure.cpu", "pressure.memory", "pressure.cpu.stalled", "pressure.memory.stalled"]
      .enumerated().map { index, name in series(name, "%") { 8 * noise($0, index) / 4 } }
      + ["client", "server", "coordinator"]
      .enumerated().map { index, whose in
        series("processor", label: whose, "s", .counter) { Double($0) * Double(index + 1) }
      } + [
        series("tcp.in-use", "sockets") { level($0) * 2 },
        series("tcp.orphans", "sockets") { 40 * noise($0, 4) },
        series("tcp.time-wait", "sockets") { $0 > 1_700 ? 900 * noise($0, 5) : 0 },
        series("tcp.allocated", "sockets") { level($0) * 2 + 60 },
        series("memory.tcp", "pages") { 300 + level($0) * 0.01 },
        series("memory.kernel", "bytes") { level($0) * 6_700 },
        series("memory.slab", "bytes") { 180e6 + level($0) * 6_700 + noise($0, 6) * 20e6 },
        series("memory.slab-unreclaimable", "bytes") { 90e6 + level($0) * 5_000 },
        series("memory.available", "bytes") { 56e9 - level($0) * 6_900 - noise($0, 7) * 9e7 },
        series("memory.free", "bytes") { 50e9 - level($0) * 6_900 },
        series("files.open", "descriptors") { level($0) * 2 + 3_000 },
        series("conntrack.entries", "connections") { level($0) * 2 },
      ]
  }

  private static var addresses: [Series] {
    (0..<16).map { index in
      series("source.established", label: "127.0.0.\(index + 2)", "connections") {
        min(62_500, max(0, level($0) - Double(index) * 62_500))
      }
    }
      + (0..<workersAnEnd).map { index in
        series("endpoint.accepted", label: "127.0.0.1:\(9_000 + index)", "connections") {
          level($0) / Double(workersAnEnd)
        }
      }
  }

  private static var latencies: [DistributionRecord] {
    (0..<samples).filter { !gap.contains($0) }.flatMap { second -> [DistributionRecord] in
      let phase = phases.last { ($0.started ?? 0) <= Double(second) }?.name ?? ""
      let isTalking = talking(second + 1) > talking(second)
      let latencies: [Latency] =
        isTalking ? [.roundTrip, .roundTripUncorrected, .drift] : [.connect, .drift]
      guard second < 3_500 else { return [] }
      return latencies.enumerated().map { index, latency in
        DistributionRecord(
          latency: latency, phase: phase, from: Double(second), to: Double(second + 1),
          distribution: distribution(second, base: 30_000 / Double(index + 1)))
      }
    }
  }

  private static func distribution(_ second: Int, base: Double) -> Distribution {
    Distribution(
      buckets: (0..<90).map { step in
        let slow = step > 85 ? Double(step - 85) * 40 : 0
        let factor = 1 + Double(step * step) * 0.003 + slow
        return .init(
          value: bucket(base * factor * (1 + noise(second, step) / 20)),
          count: UInt64(max(1, 4_000 >> (step / 6))))
      })
  }

  /// Workers count in buckets of one 64th: the same values again and again.
  private static func bucket(_ nanoseconds: Double) -> UInt64 {
    let value = UInt64(nanoseconds)
    let shift = max(0, UInt64.bitWidth - 7 - value.leadingZeroBitCount)
    return (value >> shift) << shift
  }
}
