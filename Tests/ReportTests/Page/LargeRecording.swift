import Judgement
import Plan
import Recording

/// A million connections in an hour or a minute, workers and all: for size and for looking at.
enum Large {
  /// Descriptors that the server's workers get to hold in the run that meets a limit.
  private static let ceiling = 612_480.0

  static func recording(samples: Int = 60, every step: Double = 1, limited: Bool = false)
    -> Recording
  {
    var recording = Sample.passed
    let end = Double(samples) * step
    let rampEnd = end * (limited ? 0.62 : 0.8)
    recording.planName = "ramp-1m"
    recording.planFile = "plans/ramp-1m.plan"
    recording.duration = end
    recording.phases = phases(rampEnd: rampEnd, end: end, limited: limited)
    recording.workers = workers
    let most = limited ? ceiling : 1_000_000
    let instants = (0...samples).map { Double($0) * step }
    let held = instants.map { most * progress(min(1, $0 / rampEnd)) }
    recording.series = series(instants, held, limited: limited)
    recording.distributions = (0..<samples).filter { Double($0) * step < rampEnd }.map { index in
      DistributionRecord(
        latency: .connect, phase: "ramp", from: Double(index) * step, to: Double(index + 1) * step,
        distribution: latencies(at: Double(index) * step / rampEnd, index))
    }
    recording.distributions += recording.distributions.map { record in
      var record = record
      record.latency = .connectUncorrected
      record.distribution = Distribution(
        buckets: record.distribution.buckets.map { .init(value: $0.value * 4 / 5, count: $0.count) }
      )
      return record
    }
    recording.host = host
    recording.prediction = prediction
    recording.effectivePlan = plan
    if limited {
      recording.limits = [limit(at: rampEnd)]
      recording.failures = failures(at: rampEnd)
    }
    return recording
  }

  static func judgement(limited: Bool = false) -> Judgement {
    guard limited else {
      return Judgement(
        verdict: .passed, exitCode: 0,
        thresholds: [
          ThresholdResult(
            text: "connections >= 1M", planLine: 24, passed: true, value: 1_000_000,
            reason: "1,000,000, at least 1,000,000 asked for"),
          ThresholdResult(
            text: "connect.p99 < 1s in ramp", planLine: 25, passed: true, value: 0.0021,
            reason: "2.1 ms, less than 1 s asked for"),
        ], limit: nil, headline: "passed: 1,000,000 of 1,000,000 connections held at both ends")
    }
    return Judgement(
      verdict: .limit, exitCode: 100,
      thresholds: [
        ThresholdResult(
          text: "connections >= 1M", planLine: 24, passed: false, value: 612_480,
          reason: "612,480, at least 1,000,000 asked for"),
        ThresholdResult(
          text: "connect.p99 < 1s in ramp", planLine: 25, passed: true, value: 0.0021,
          reason: "2.1 ms, less than 1 s asked for"),
      ], limit: limit(at: 37.2),
      headline:
        "limit reached: 612,480 of 1,000,000 connections; server accept4: EMFILE (Too many open files)"
    )
  }

  /// The rate falls as the kernel touches fresh memory.
  private static func progress(_ share: Double) -> Double { share * (1.45 - 0.45 * share) }

  private static func phases(rampEnd: Double, end: Double, limited: Bool) -> [PhaseRecord] {
    let held = limited ? Int(ceiling) : 1_000_000
    return [
      PhaseRecord(
        name: "ramp", kind: .ramp, title: "ramp to 1,000,000 at 25,000/s", planLine: 18,
        goal: 1_000_000, plannedRate: 25_000, started: 0, ended: rampEnd,
        outcome: limited ? .limit : .done, established: held + (limited ? 4_096 : 0),
        accepted: held, phantom: limited ? 4_096 : 0, failures: limited ? 1_312 : 0),
      PhaseRecord(
        name: "hold", kind: .hold, title: "hold for 10 s", planLine: 19, started: rampEnd,
        ended: end * 0.92, outcome: .done, established: held, accepted: held),
      PhaseRecord(
        name: "close", kind: .close, title: "close at 50,000/s with reset", planLine: 20,
        started: end * 0.92, ended: end, outcome: .done),
    ]
  }

  private static var workers: [WorkerRecord] {
    (0..<102).map { id in
      WorkerRecord(
        id: id, end: id < 51 ? .client : .server, pid: 5000 + id,
        endpoint: id < 51 ? nil : "127.0.0.1:\(9000 + id - 51)", connections: 19_608,
        userTime: 0.0165 + Double(id % 5) * 0.0004, systemTime: id < 51 ? 0.71 : 0.2,
        privateBytes: 810_000 + id * 512, exitCode: 0)
    }
  }

  private static func series(_ instants: [Double], _ held: [Double], limited: Bool) -> [Series] {
    func series(
      _ key: Series.Key, _ unit: String, _ kind: Series.Kind = .gauge,
      _ value: (Int) -> Double
    ) -> Series {
      Series(
        key: key, unit: unit, kind: kind,
        points: instants.indices.map { .init(at: instants[$0], value: value($0)) })
    }
    let closing = Double(instants.count) * 0.92
    func level(_ index: Int) -> Double {
      Double(index) < closing
        ? held[index]
        : held[index] * max(0, Double(instants.count - 1 - index))
          / (Double(instants.count) - closing)
    }
    func noise(_ index: Int) -> Double { Double((index * 7919) % 101) / 101 }
    let ramped = Int(Double(instants.count) * 0.62)
    var all = [
      series(.established, "connections") { level($0) + (limited && $0 >= ramped ? 4_096 : 0) },
      series(.accepted, "connections") { max(0, level($0) - 300 * noise($0)) },
      series(.kernelMemory, "bytes") { level($0) * 6_700 },
      series(.slab, "bytes") { 180e6 + level($0) * 6_700 + noise($0) * 20e6 },
      series(.tcpPages, "pages") { 300 + level($0) * 0.01 * noise($0) },
      series(.memoryAvailable, "bytes") { 22.6e9 - level($0) * 6_900 - noise($0) * 90e6 },
      series(.init("cpu", label: "user"), "s", .counter) { Double($0) * 0.14 },
      series(.init("cpu", label: "system"), "s", .counter) { Double($0) * 1.5 + noise($0) * 0.2 },
      series(.init("cpu", label: "idle"), "s", .counter) { Double($0) * 0.2 + noise($0) * 0.2 },
      series(.init("tcp.time-wait"), "sockets") { _ in 0 },
      series(.init("netstat.ListenOverflows"), "events", .counter) { _ in 0 },
      series(.init("pressure.memory"), "%") { noise($0) * 4 },
      series(.init("file-nr"), "descriptors") { level($0) * 2 + 3_000 },
    ]
    for index in 0..<16 {
      all.append(
        series(.source("127.0.0.\(index + 2)"), "connections") {
          min(62_500, max(0, level($0) - Double(index) * 62_500))
        })
    }
    for index in 0..<51 {
      all.append(
        series(.endpoint("127.0.0.1:\(9000 + index)"), "connections") { level($0) / 51 })
    }
    if limited {
      all.append(
        series(.failures("server accept4 EMFILE"), "failures", .counter) {
          $0 >= ramped ? min(1_300, Double($0 - ramped + 1) * 220) : 0
        })
      all.append(
        series(.failures("client connect-timeout"), "failures", .counter) {
          $0 >= ramped + 3 ? 12 : 0
        })
    }
    // Two seconds in which nothing was sampled.
    let gap = Set(instants.count / 3..<instants.count / 3 + max(2, instants.count / 40))
    for index in all.indices {
      all[index].points = all[index].points.enumerated().filter { !gap.contains($0.offset) }
        .map(\.element)
    }
    return all
  }

  private static func latencies(at share: Double, _ index: Int) -> Distribution {
    let base = 32_000 + share * 26_000
    return Distribution(
      buckets: (0..<60).map { step in
        let factor = 1 + Double(step * step) * 0.004 + (step > 56 ? Double(step - 56) * 14 : 0)
        let jitter = 1 + Double((index * 31 + step * 17) % 13) / 60
        return .init(
          value: UInt64(base * factor * jitter), count: UInt64(max(1, 2400 >> (step / 5))))
      })
  }

  private static let host = [
    Fact("Kernel", "Linux 6.18.5 x86_64"), Fact("Processors", "2 (EPYC 7B13)"),
    Fact("Memory", "24 GiB"), Fact("RLIMIT_NOFILE", "20,000 of 20,000"),
    Fact("fs.nr_open", "1,048,576"), Fact("fs.file-max", "9,223,372,036,854,775,807"),
    Fact("fs.epoll.max_user_watches", "5,491,511"),
    Fact("net.ipv4.ip_local_port_range", "32768 60999"), Fact("net.core.somaxconn", "4,096"),
    Fact("net.ipv4.tcp_mem", "285,447 380,599 570,894 pages"),
    Fact("net.ipv4.tcp_max_syn_backlog", "4,096"), Fact("cgroup memory.max", "max"),
  ]

  private static let prediction = [
    PredictionTerm(
      end: .host, resource: .epollWatches, connections: 2_745_755,
      reason: "5,491,511 watches for this user / 2 a connection"),
    PredictionTerm(
      end: .client, resource: .descriptorsPerProcess, connections: 1_016_736,
      reason: "51 workers x (20,000 descriptors - 64 of their own)", binds: true),
    PredictionTerm(
      end: .client, resource: .sourcePorts, connections: 52_635_000,
      reason: "64,500 ports x 16 sources x 51 endpoints"),
    PredictionTerm(
      end: .host, resource: .memory, connections: 3_180_000,
      reason: "20.9 GiB above the guard / 7,056 B a connection"),
  ]

  private static let plan = """
    name: ramp-1m
    description: One million idle connections, both ends on this host.
    server:
      listen: 127.0.0.1:9000
      processes: 51
      reply: echo
      readiness: direct
      backlog: 4096
    clients:
      sources: [127.0.0.2-127.0.0.17]
      ports: 1024-65535
      processes: 51
      connect-timeout: 10s
    phases:
      - ramp: {to: 1000000, rate: 25000/s}
      - hold: {for: 10s}
      - close: {rate: 50000/s, with: reset}
    thresholds:
      - connections >= 1M
      - connect.p99 < 1s in ramp
    on-limit: hold
    guard: {memory: 5%}
    sampling: {every: 1s}

    """

  private static func limit(at instant: Double) -> LimitRecord {
    LimitRecord(
      end: .server, worker: 81, phase: "ramp", planLine: 18, syscall: "accept4",
      errno: Sample.emfile, resource: .descriptorsPerProcess, count: 1_300, firstInstant: instant,
      established: 616_576, accepted: 612_480, endpoint: "127.0.0.1:9030", knob: "RLIMIT_NOFILE",
      now: 12_009, needed: 19_672, fix: "ulimit -n 19672", predicted: 1_016_736,
      evidence: [
        Fact("accept4 at the server", "EMFILE 1,300 times, first at 37.20 s"),
        Fact("descriptors of worker 81", "12,009 of 12,009"),
        Fact("ListenOverflows, ListenDrops", "unchanged"),
        Fact("established, never accepted", "4,096: they wait in the listener's queue"),
      ])
  }

  private static func failures(at instant: Double) -> [FailureRecord] {
    [
      FailureRecord(
        end: .server, worker: 81, phase: "ramp", syscall: "accept4", errno: Sample.emfile,
        count: 1_300, firstInstant: instant, established: 616_576, accepted: 612_480, source: nil,
        endpoint: "127.0.0.1:9030"),
      FailureRecord(
        end: .client, worker: 30, phase: "ramp", syscall: "connect-timeout", errno: nil, count: 12,
        firstInstant: instant + 3, established: 616_576, accepted: 612_480, source: "127.0.0.11",
        endpoint: "127.0.0.1:9030"),
    ]
  }
}
