import Judgement
import Plan
import Recording

/// A run that did what it should, and what tests change in it.
enum JudgeFixture {
  static let planText = """
    server: {listen: "127.0.0.1:9000"}
    phases:
      - ramp: {to: 1000}
      - hold: 10s
    thresholds:
      - connections >= 1k
      - connect.p99 < 1s in ramp

    """

  /// A run that did what it should.
  static func good() -> Recording {
    Recording(planName: "test") {
      $0.planFile = "test.plan"
      $0.planText = planText
      $0.duration = 12
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 3, goal: 1000, started: 0, ended: 2,
          outcome: .done, established: 1000, accepted: 1000),
        PhaseRecord(
          name: "hold", kind: .hold, title: "", planLine: 4, started: 2, ended: 12, outcome: .done,
          established: 1000, accepted: 1000),
      ]
      $0.series = [
        Series(
          key: .established, unit: "", kind: .gauge,
          points: [.init(at: 0, value: 0), .init(at: 1, value: 600), .init(at: 3, value: 1000)]),
        Series(
          key: .attempts, unit: "", kind: .counter,
          points: [.init(at: 0, value: 0), .init(at: 2, value: 1250), .init(at: 12, value: 1250)]),
        Series(
          key: .handshakes, unit: "", kind: .counter,
          points: [.init(at: 0, value: 0), .init(at: 2, value: 1000), .init(at: 12, value: 1000)]),
      ]
      $0.distributions = [
        DistributionRecord(
          latency: .connect, phase: "ramp", from: 0, to: 2,
          distribution: Distribution(buckets: [.init(value: 2_300_000, count: 1000)]))
      ]
    }
  }

  /// The series of a pattern's messages of which so many were sent, and so many had an outcome.
  static func answers(
    _ pattern: String, sent: Int, _ outcome: MessageOutcome, _ count: Int
  ) -> [Series] {
    answers(pattern, .sent, sent) + answers(pattern, outcome, count)
  }

  static func answers(_ pattern: String, _ outcome: MessageOutcome, _ count: Int) -> [Series] {
    [
      Series(
        key: .messages(outcome, pattern), unit: "", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: 12, value: Double(count))])
    ]
  }

  /// Makes it a run in which not one connection ever stood, of a plan that tolerates that.
  static func tolerateAll(
    _ recording: inout Recording, _ failures: [(syscall: String, errno: ErrnoRecord, count: Int)]
  ) {
    for index in recording.phases.indices {
      (recording.phases[index].established, recording.phases[index].accepted) = (0, 0)
      recording.phases[index].promise = PhasePromise(
        promised: index == 0 ? 1000 : 0, missed: index == 0 ? 1000 : 0, tolerance: 1)
    }
    recording.series = []
    recording.limits = []
    recording.failures = failures.map { failure in
      FailureRecord(
        end: .client, worker: 1, phase: "ramp", syscall: failure.syscall, errno: failure.errno,
        count: failure.count, firstInstant: 0.1, established: 0, accepted: 0, source: nil,
        endpoint: nil)
    }
  }

  static func failure(_ count: Int, phase: String = "ramp") -> FailureRecord {
    FailureRecord(
      end: .client, worker: 1, phase: phase, syscall: "connect", errno: nil, count: count,
      firstInstant: 1, established: 10, accepted: 10, source: nil, endpoint: nil)
  }

  static let emfile = ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files")

  static func limit(
    _ end: End, _ syscall: String?, at instant: Double, phase: String = "ramp",
    errno: ErrnoRecord? = emfile, resource: Resource = .descriptorsPerProcess
  ) -> LimitRecord {
    LimitRecord(
      end: end, phase: phase, planLine: 3, syscall: syscall, errno: errno, resource: resource,
      count: 1, firstInstant: instant, established: 900, accepted: 900)
  }
}

extension ErrnoRecord {
  static let refused = Self(number: 111, name: "ECONNREFUSED", text: "Connection refused")
  static let timedOut = Self(number: 110, name: "ETIMEDOUT", text: "Connection timed out")
  static let refusedByProtocol = Self(number: 71, name: "EPROTO", text: "Protocol error")
}
