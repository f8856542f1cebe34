import Foundation

@testable import Recording

extension Recording {
  /// A run with something in every list.
  static var full: Recording {
    var failure = FailureRecord(
      end: .client, worker: 3, phase: "ramp", syscall: "socket",
      errno: ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"), count: 12,
      firstInstant: 1.5, established: 19_936, accepted: 19_930, source: "127.0.0.2",
      endpoint: "127.0.0.1:9000")
    let emfile = failure
    failure.syscall = "connect-timeout"
    failure.errno = nil
    failure.worker = nil
    return Recording(planName: "ramp-1m") {
      $0.planFile = "plans/ramp-1m.plan"
      $0.planText = "name: ramp-1m\n"
      $0.effectivePlan = "name: ramp-1m\nserver: …\n"
      $0.overrides = [Fact("goal", "50k")]
      $0.attachments = [
        Attachment(name: "lib/base.plan", content: Array("name: x\n".utf8)),
        Attachment(name: "zeros.bin", content: [0, 255, 0]),
        Attachment(name: "empty.bin", content: []),
      ]
      $0.seed = .max - 1
      $0.programVersion = "1.2.3"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 3.25
      $0.complete = true
      $0.interrupted = true
      $0.fault = "a fault"
      $0.hostname = "box"
      $0.host = [Fact("kernel", "6.18"), Fact("kernel", "twice")]
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 1,000,000", planLine: 7, goal: 1_000_000,
          plannedRate: 25_000, started: 0.25, ended: 2.5, outcome: .limit, established: 19_936,
          accepted: 19_930, phantom: 6, failures: 12,
          promise: PhasePromise(promised: 20_000, missed: 70, tolerance: 0.01, lostBeside: 3),
          ceiling: 19_930,
          remark: "14,000/s of 25,000/s planned: every core was busy"),
        PhaseRecord(name: "pause", kind: .pause, title: "pause 5s", planLine: 8),
      ]
      $0.workers = [
        WorkerRecord(
          id: 1, end: .server, pid: 100, endpoint: "127.0.0.1:9000", connections: 5,
          userTime: 0.5, systemTime: 1.5, privateBytes: 8192, exitCode: 0),
        WorkerRecord(id: 2, end: .client, pid: 101, signal: 9),
      ]
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge,
          points: [.init(at: 0, value: 0), .init(at: 1, value: 19_936)]),
        Series(
          key: .source("127.0.0.2"), unit: "connections", kind: .gauge,
          points: [.init(at: 1, value: 0.1)]),
        Series(key: .failures, unit: "failures", kind: .counter),
      ]
      $0.distributions = [
        DistributionRecord(
          latency: .connect, phase: "ramp", from: 0, to: 1,
          distribution: Distribution(buckets: [
            .init(value: 0, count: 1), .init(value: 40_000, count: 19_000),
            .init(value: 1 << 61, count: 1 << 40),
          ])),
        DistributionRecord(
          latency: .connect, phase: "hold", from: 1, to: 2, distribution: Distribution()),
      ]
      $0.drive = [
        DriveRecord(worker: 2, entries: [2, 0, 0]), DriveRecord(worker: 2, entries: [13, 5, 0]),
      ]
      $0.replay = ReplayRecord(
        original: "reports/x/run.recording", originalStarted: "2026-01-01T00:00:00.000Z", speed: 2,
        fromPhase: "hold",
        fidelity: Fidelity(
          arrivals: 9, missed: 1, late: .init(p50: 0.001, p99: 0.002, max: 0.5), furthest: 0.25,
          messages: 7, messagesMissed: 3))
      $0.failures = [emfile, failure]
      $0.limits = [
        LimitRecord(
          end: .client, worker: 3, phase: "ramp", planLine: 7, syscall: "socket",
          errno: emfile.errno, resource: .descriptorsPerProcess, count: 12, firstInstant: 1.5,
          established: 19_936, accepted: 19_930, source: "127.0.0.2",
          endpoint: "127.0.0.1:9000", knob: "RLIMIT_NOFILE", now: 20_000, needed: 1_000_064,
          fix: "ulimit -n 1000064", predicted: 19_936,
          evidence: [Fact("soft", "20000"), Fact("hard", "20000")]),
        LimitRecord(
          end: .host, phase: "ramp", planLine: 7, resource: .memoryGuard, count: 1,
          firstInstant: 2, established: 1, accepted: 1, evidence: [Fact("available", "1 GiB")]),
      ]
      $0.searchSteps = [
        SearchStep(phase: "search", at: 1.5, goal: 20_000, held: 20_000, outcome: .reached),
        SearchStep(
          phase: "search", at: 2.5, goal: 30_000, held: 30_000, outcome: .tooMany,
          reason: "failures.rate > 1% (measured 3%)"),
      ]
      $0.prediction = [
        PredictionTerm(
          end: .client, resource: .descriptorsPerProcess, connections: 19_936,
          reason: "1 x 19,936", binds: true),
        PredictionTerm(end: .host, resource: .memory, connections: 3_000_000, reason: "24 GiB"),
      ]
      $0.verdict = .limit
      $0.thresholds = [
        ThresholdResult(
          text: "connections >= 1M", planLine: 12, passed: false, value: 19_936,
          reason: "19,936 is less than 1,000,000"),
        ThresholdResult(
          text: "rtt.p99 < 1s", planLine: 13, passed: false, value: nil, reason: "no data"),
      ]
    }
  }

  var state: RunState {
    RunState(phases: phases, workers: workers, failures: failures, limits: limits)
  }
}

/// A directory that goes away with the test.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
