import Judgement
import Plan
import Recording

/// Recordings as runs would have left them, small enough to read.
enum Sample {
  static let emfile = ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files")

  /// A ramp and a hold that went well.
  static var passed: Recording {
    var recording = Recording(planName: "ramp-50k") {
      $0.planFile = "plans/ramp-50k.plan"
      $0.planText = "phases:\n  - ramp: {to: 50k, rate: 25k/s}\n"
      $0.effectivePlan = "name: ramp-50k\nphases:\n  - ramp: {to: 50000, rate: 25000/s}\n"
      $0.seed = 42
      $0.programVersion = "0.1.0"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 7.25
      $0.hostname = "build-7"
    }
    recording.host = [
      Fact("kernel", "Linux 6.18.0 x86_64"), Fact("processors", "2"),
      Fact("RLIMIT_NOFILE", "20,000"),
    ]
    recording.phases = [
      PhaseRecord(
        name: "ramp", kind: .ramp, title: "ramp to 50,000 at 25,000/s", planLine: 9,
        goal: 50_000, plannedRate: 25_000, started: 0, ended: 2, outcome: .done,
        established: 50_000, accepted: 50_000),
      PhaseRecord(
        name: "hold", kind: .hold, title: "hold for 5 s", planLine: 10, started: 2, ended: 7,
        outcome: .done, established: 50_000, accepted: 50_000),
    ]
    recording.workers = [
      WorkerRecord(
        id: 0, end: .client, pid: 4001, connections: 50_000, userTime: 0.045, systemTime: 1.65,
        privateBytes: 2_400_000, exitCode: 0),
      WorkerRecord(
        id: 1, end: .server, pid: 4002, endpoint: "127.0.0.1:9000", connections: 50_000,
        userTime: 0.03, systemTime: 0.5, privateBytes: 1_600_000, exitCode: 0),
    ]
    let held: [Double] = [0, 25_000, 50_000, 50_000, 50_000, 50_000, 50_000, 50_000]
    recording.series = [
      gauge(.established, "connections", held), gauge(.accepted, "connections", held),
      counter(.handshakes, "connections", held),
      gauge(.kernelMemory, "bytes", held.map { $0 * 6_600 }),
      gauge(.slab, "bytes", held.map { 100e6 + $0 * 6_600 }),
      gauge(.tcpPages, "pages", held.map { _ in 10 }),
      gauge(.memoryAvailable, "bytes", held.map { 20e9 - $0 * 7_000 }),
      gauge(.source("127.0.0.2"), "connections", held),
      gauge(.endpoint("127.0.0.1:9000"), "connections", held),
    ]
    recording.distributions = [
      DistributionRecord(
        latency: .connect, phase: "ramp", from: 0, to: 1,
        distribution: Distribution(buckets: [
          .init(value: 40_000, count: 20_000), .init(value: 95_000, count: 4_900),
          .init(value: 2_000_000, count: 100),
        ])),
      DistributionRecord(
        latency: .connect, phase: "ramp", from: 1, to: 2,
        distribution: Distribution(buckets: [
          .init(value: 45_000, count: 24_900), .init(value: 8_000_000, count: 100),
        ])),
    ]
    recording.prediction = [
      PredictionTerm(
        end: .client, resource: .sourcePorts, connections: 64_511,
        reason: "64,511 ports x 1 source x 1 endpoint", binds: true),
      PredictionTerm(
        end: .host, resource: .epollWatches, connections: 2_745_755,
        reason: "5,491,511 watches / 2 a connection"),
    ]
    return recording
  }

  /// A storm in the place of the hold, in which half of the connections were cut.
  ///
  /// - Parameter recovery: seconds; nil where not all of them came back in time.
  static func storm(recovery: Double?) -> Recording {
    var recording = passed
    recording.phases[1] = PhaseRecord(
      name: "storm", kind: .storm, title: "cut 50%", planLine: 10, started: 2, ended: 7,
      outcome: .done, established: 50_000, accepted: 50_000, dropped: 25_000, recovery: recovery)
    return recording
  }

  static var passedJudgement: Judgement {
    Judgement(
      verdict: .passed, exitCode: 0,
      thresholds: [
        ThresholdResult(
          text: "connections >= 50k", planLine: 12, passed: true, value: 50_000,
          reason: "50,000, at least 50,000 asked for")
      ], limit: nil, headline: "passed: 50,000 of 50,000 connections")
  }

  /// The server runs out of descriptors; the client does not notice until it counts.
  static var limited: Recording {
    var recording = passed
    recording.planName = "ramp-1m"
    recording.duration = 4.5
    recording.phases = [
      PhaseRecord(
        name: "ramp", kind: .ramp, title: "ramp to 1,000,000 at 25,000/s", planLine: 12,
        goal: 1_000_000, plannedRate: 25_000, started: 0, ended: 2.5, outcome: .limit,
        established: 20_064, accepted: 19_936, phantom: 128, failures: 12),
      PhaseRecord(
        name: "hold", kind: .hold, title: "hold for 30 s", planLine: 13, outcome: .skipped),
    ]
    recording.series = [
      gauge(.established, "connections", [0, 20_064, 20_064, 20_064, 20_064]),
      gauge(.accepted, "connections", [0, 19_936, 19_936, 19_936, 19_936]),
      counter(.handshakes, "connections", [0, 20_064, 20_064, 20_064, 20_064]),
    ]
    recording.limits = [serverLimit]
    recording.failures = [
      FailureRecord(
        end: .server, worker: 1, phase: "ramp", syscall: "accept4", errno: emfile, count: 12,
        firstInstant: 0.812, established: 20_064, accepted: 19_936, source: nil,
        endpoint: "127.0.0.1:9000")
    ]
    return recording
  }

  static var serverLimit: LimitRecord {
    LimitRecord(
      end: .server, worker: 1, phase: "ramp", planLine: 12, syscall: "accept4", errno: emfile,
      resource: .descriptorsPerProcess, count: 12, firstInstant: 0.812, established: 20_064,
      accepted: 19_936, endpoint: "127.0.0.1:9000", knob: "RLIMIT_NOFILE", now: 20_000,
      needed: 1_000_064, fix: "ulimit -n 1000064", predicted: 19_936,
      evidence: [
        Fact("accept4", "EMFILE 12 times, first at 0.81 s"),
        Fact("descriptors of server worker 1", "20,000 of 20,000"),
        Fact("ListenOverflows", "+0"),
      ])
  }

  static var limitedJudgement: Judgement {
    Judgement(
      verdict: .limit, exitCode: 100,
      thresholds: [
        ThresholdResult(
          text: "connections >= 1M", planLine: 15, passed: false, value: 19_936,
          reason: "19,936, at least 1,000,000 asked for"),
        ThresholdResult(
          text: "connect.p99 < 1s in ramp", planLine: 16, passed: true, value: 0.002,
          reason: "2 ms, less than 1 s asked for"),
      ], limit: serverLimit,
      broken: [BrokenPhase(phase: limited.phases[0], limit: serverLimit)],
      headline:
        "limit reached: 19,936 of 1,000,000 connections; server accept4: EMFILE (Too many open files)"
    )
  }

  static var thresholdJudgement: Judgement {
    Judgement(
      verdict: .failed, exitCode: 99,
      thresholds: [
        ThresholdResult(
          text: "connect.p99 < 1ms in ramp", planLine: 12, passed: false, value: 0.002,
          reason: "2 ms, less than 1 ms asked for"),
        ThresholdResult(
          text: "messages.lost == 0", planLine: 13, passed: false, value: nil,
          reason: "no messages were sent"),
      ], limit: nil, headline: "threshold failed: connect.p99 < 1ms in ramp")
  }

  static var interrupted: Recording {
    var recording = passed
    recording.interrupted = true
    recording.duration = 4
    recording.phases[1].ended = 4
    recording.phases[1].outcome = .interrupted
    recording.phases.append(
      PhaseRecord(name: "close", kind: .close, title: "close at 50,000/s", planLine: 11))
    return recording
  }

  static var interruptedJudgement: Judgement {
    Judgement(
      verdict: .interrupted, exitCode: 105, thresholds: [], limit: nil,
      headline: "interrupted in hold at 4.00 s")
  }

  /// Cut off by `kill -9`: the ramp has no end, the plan's phases are all there.
  static var incomplete: Recording {
    var recording = passed
    recording.complete = false
    recording.duration = 1
    recording.phases[0].ended = nil
    recording.phases[0].outcome = .skipped
    recording.phases[0].established = 0
    recording.phases[0].accepted = 0
    recording.phases[1] = PhaseRecord(
      name: "hold", kind: .hold, title: "hold for 5 s", planLine: 10)
    recording.series = [
      gauge(.established, "connections", [0, 25_000]),
      gauge(.accepted, "connections", [0, 24_990]),
      counter(.handshakes, "connections", [0, 25_000]),
    ]
    recording.workers = []
    recording.distributions = []
    return recording
  }

  static var incompleteJudgement: Judgement {
    Judgement(
      verdict: .error, exitCode: 1, thresholds: [], limit: nil,
      headline: "the recording is incomplete: the run was cut off after 1.00 s")
  }

  /// Text that tries to break out of every format, wherever text comes from outside.
  static let hostileText =
    "</pre><script>alert(1)</script>\u{1B}[31m\u{0}\u{8}\u{202E}gpj.\u{2066}]]>&\"'\u{FFFE}\u{9B}2J\r\nnext"

  static var hostile: Recording {
    var recording = limited
    recording.planName = hostileText
    recording.hostname = hostileText
    recording.effectivePlan = hostileText
    recording.host = [Fact(hostileText, hostileText)]
    recording.programVersion = hostileText
    for index in recording.phases.indices {
      recording.phases[index].title = hostileText
      recording.phases[index].name = hostileText
    }
    recording.limits[0] = hostileLimit
    recording.failures[0].endpoint = hostileText
    recording.failures[0].syscall = hostileText
    recording.series.append(gauge(.source(hostileText), hostileText, [1, 2]))
    recording.series.append(gauge(.failures(hostileText), "failures", [0, 2]))
    recording.prediction[0].reason = hostileText
    return recording
  }

  static var hostileLimit: LimitRecord {
    var limit = serverLimit
    limit.phase = hostileText
    limit.source = hostileText
    limit.fix = hostileText
    limit.knob = hostileText
    limit.evidence = [Fact(hostileText, hostileText)]
    return limit
  }

  static var hostileJudgement: Judgement {
    var judgement = limitedJudgement
    judgement.headline = hostileText
    judgement.limit = hostileLimit
    judgement.broken = [BrokenPhase(phase: hostile.phases[0], limit: hostileLimit)]
    judgement.thresholds[0].text = hostileText
    judgement.thresholds[0].reason = hostileText
    return judgement
  }

  static func gauge(_ key: Series.Key, _ unit: String, _ values: [Double]) -> Series {
    series(key, unit, .gauge, values)
  }

  static func counter(_ key: Series.Key, _ unit: String, _ values: [Double]) -> Series {
    series(key, unit, .counter, values)
  }

  private static func series(
    _ key: Series.Key, _ unit: String, _ kind: Series.Kind, _ values: [Double]
  ) -> Series {
    Series(
      key: key, unit: unit, kind: kind,
      points: values.enumerated().map { .init(at: Double($0.offset), value: $0.element) })
  }
}
