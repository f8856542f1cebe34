import Judgement
import Plan
import Recording
import Testing

private let planText = """
  server: {listen: "127.0.0.1:9000"}
  phases:
    - ramp: {to: 1000}
    - hold: 10s
  thresholds:
    - connections >= 1k
    - connect.p99 < 1s in ramp

  """

/// A run that did what it should.
private func good() -> Recording {
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
private func answers(
  _ pattern: String, sent: Int, _ outcome: MessageOutcome, _ count: Int
) -> [Series] {
  answers(pattern, .sent, sent) + answers(pattern, outcome, count)
}

private func answers(_ pattern: String, _ outcome: MessageOutcome, _ count: Int) -> [Series] {
  [
    Series(
      key: .messages(outcome, pattern), unit: "", kind: .counter,
      points: [.init(at: 0, value: 0), .init(at: 12, value: Double(count))])
  ]
}

private func failure(_ count: Int, phase: String = "ramp") -> FailureRecord {
  FailureRecord(
    end: .client, worker: 1, phase: phase, syscall: "connect", errno: nil, count: count,
    firstInstant: 1, established: 10, accepted: 10, source: nil, endpoint: nil)
}

private let emfile = ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files")

private func limit(
  _ end: End, _ syscall: String?, at instant: Double, phase: String = "ramp",
  errno: ErrnoRecord? = emfile, resource: Resource = .descriptorsPerProcess
) -> LimitRecord {
  LimitRecord(
    end: end, phase: phase, planLine: 3, syscall: syscall, errno: errno, resource: resource,
    count: 1, firstInstant: instant, established: 900, accepted: 900)
}

/// A change to the good run, and how it is judged then.
private struct Case: Sendable, CustomTestStringConvertible {
  var name: String
  var verdict: Verdict
  var code: Int32
  var headline: String
  var change: @Sendable (inout Recording) -> Void

  init(
    _ name: String, _ verdict: Verdict, _ code: Int32, _ headline: String,
    _ change: @escaping @Sendable (inout Recording) -> Void
  ) {
    self.name = name
    self.verdict = verdict
    self.code = code
    self.headline = headline
    self.change = change
  }

  var testDescription: String { name }
}

@Suite struct JudgeTests {
  @Test(arguments: [
    Case("a good run", .passed, 0, "passed: 1,000 of 1,000 connections") { _ in },
    Case(
      "a run without one right answer", .passed, 0,
      "passed: 1,000 of 1,000 connections; none of 3 answers to ping was right"
    ) { $0.series += answers("ping", sent: 3, .wrong, 3) + answers("pong", sent: 3, .received, 3) },
    Case(
      "runs without one right answer of two patterns", .passed, 0,
      "passed: 1,000 of 1,000 connections; none of 3 answers to ping was right"
        + "; the only answer to pong was wrong"
    ) { $0.series += answers("ping", sent: 5, .wrong, 3) + answers("pong", sent: 1, .wrong, 1) },
    Case("late answers are right ones", .passed, 0, "passed: 1,000 of 1,000 connections") {
      $0.series += answers("ping", sent: 3, .wrong, 2) + answers("ping", .late, 1)
    },
    Case("no answer at all is no wrong one", .passed, 0, "passed: 1,000 of 1,000 connections") {
      $0.series += answers("ping", sent: 3, .missing, 3)
    },
    Case("a churn", .passed, 0, "passed: 299 of 300 arrivals lived as planned") {
      $0.phases[0].kind = .churn
      $0.phases[0].goal = nil
      $0.phases[0].established = 1
      $0.phases[0].promise = PhasePromise(promised: 300, missed: 1, tolerance: 0.01)
    },
    Case(
      "a limit", .limit, 100,
      "limit reached: 900 of 1,000 connections; client socket: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.limits = [limit(.client, "socket", at: 1.5)]
    },
    Case(
      "a limit without an errno", .limit, 100,
      "limit reached: 900 of 1,000 connections; host: less memory left than the guard keeps"
    ) {
      $0.phases[0].established = 900
      $0.limits = [limit(.host, nil, at: 1, errno: nil, resource: .memoryGuard)]
    },
    Case(
      "the first of two limits", .limit, 100,
      "limit reached: 900 of 1,000 connections; client connect: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.limits = [limit(.server, "accept4", at: 1.5), limit(.client, "connect", at: 1.2)]
    },
    Case(
      "the server's limit where there are phantoms", .limit, 100,
      "limit reached: 700 of 1,000 connections; server accept4: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.phases[0].phantom = 200
      $0.limits = [limit(.client, "connect", at: 1.2), limit(.server, "accept4", at: 1.5)]
    },
    Case(
      "a dead server rather than what it took along", .limit, 100,
      "limit reached: 700 of 1,000 connections; server: no memory left"
    ) {
      $0.phases[0].established = 700
      var closed = limit(.client, "closed", at: 1.2)
      closed.resource = .closedByPeer
      var death = limit(.server, "", at: 1.3)
      (death.worker, death.syscall, death.errno, death.resource) = (0, nil, nil, .memory)
      $0.limits = [closed, death]
    },
    Case(
      "the limit of the first phase", .limit, 100,
      "limit reached: 900 of 1,000 connections; client socket: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.limits = [
        limit(.server, "read", at: 1, phase: "hold"), limit(.client, "socket", at: 1.5),
      ]
    },
    Case(
      "a server that was not there", .error, 104,
      "nothing was tested: 0 of 1,000 connections; client connect: EMFILE (Too many open files)"
    ) {
      for index in $0.phases.indices {
        ($0.phases[index].established, $0.phases[index].accepted) = (0, 0)
      }
      $0.series = []
      $0.limits = [limit(.client, "connect", at: 0.1, resource: .nobodyListens)]
    },
    Case(
      "a server that was not there, and a plan that tolerates all", .error, 104,
      "nothing was tested: 0 of 1,000 connections; client connect: ECONNREFUSED (Connection refused)"
    ) {
      for index in $0.phases.indices {
        ($0.phases[index].established, $0.phases[index].accepted) = (0, 0)
        $0.phases[index].promise = PhasePromise(
          promised: index == 0 ? 1000 : 0, missed: index == 0 ? 1000 : 0, tolerance: 1)
      }
      $0.series = []
      $0.limits = []
      $0.failures = [
        FailureRecord(
          end: .client, worker: 1, phase: "ramp", syscall: "connect",
          errno: ErrnoRecord(number: 111, name: "ECONNREFUSED", text: "Connection refused"),
          count: 1000, firstInstant: 0.1, established: 0, accepted: 0, source: nil, endpoint: nil)
      ]
    },
    Case(
      "a server that went between two connections of a churn", .limit, 100,
      "limit reached: 40 of 100 arrivals lived as planned; "
        + "client connect: EMFILE (Too many open files)"
    ) {
      // None of them stood when somebody looked.
      let churn = PhaseRecord(
        name: "churn", kind: .churn, title: "", planLine: 3, started: 0, ended: 2,
        outcome: .limit, established: 0, accepted: 0,
        promise: PhasePromise(promised: 100, missed: 60))
      $0.phases = [churn]
      $0.series = [
        Series(
          key: .handshakes, unit: "", kind: .counter,
          points: [.init(at: 0, value: 0), .init(at: 2, value: 40)])
      ]
      $0.limits = [
        limit(.client, "connect", at: 0.1, phase: "churn", resource: .nobodyListens)
      ]
    },
    Case(
      "phantoms that nothing explains", .limit, 100,
      "limit reached: 999 of 1,000 connections; its cause was not recorded"
    ) { $0.phases[0].phantom = 1 },
    Case(
      "a threshold missed", .failed, 99,
      "threshold failed: connect.p99 < 1s in ramp (measured 2.3 s)"
    ) {
      $0.distributions[0].distribution = Distribution(
        buckets: [.init(value: 2_300_000_000, count: 5)])
    },
    Case(
      "a threshold without data", .failed, 99,
      "threshold failed: connect.p99 < 1s in ramp (no data: no connect latency was measured)"
    ) { $0.distributions = [] },
    Case(
      "a limit before a threshold", .limit, 100,
      "limit reached: 900 of 1,000 connections; client socket: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.distributions = []
      $0.limits = [limit(.client, "socket", at: 1.5)]
    },
    Case(
      "an interruption before a limit", .interrupted, 105,
      "interrupted 12 s into the run, in phase hold: 1,000 of 1,000 connections"
    ) {
      $0.interrupted = true
      $0.limits = [limit(.client, "socket", at: 1.5)]
    },
    Case(
      "an incomplete recording", .error, 1,
      "incomplete recording: ends 12 s into the run, in phase hold"
    ) {
      $0.complete = false
      $0.interrupted = true
    },
    Case(
      "an incomplete recording of nothing", .error, 1,
      "incomplete recording: ends 0 s into the run, before its first phase"
    ) {
      $0.complete = false
      $0.duration = 0
      $0.phases = []
    },
    Case("a fault before all else", .error, 1, "error: a worker could not be forked") {
      $0.fault = "a worker could not be forked\ndetails"
      $0.complete = false
    },
    Case(
      "a plan that is none", .error, 1,
      "the recording's plan cannot be read: the plan has no 'phases'"
    ) { $0.planText = "server: {listen: \"127.0.0.1:9000\"}\n" },
    Case(
      "a plan that is none, and a server that was not there", .error, 1,
      "the recording's plan cannot be read: the plan has no 'phases'"
    ) {
      for index in $0.phases.indices {
        ($0.phases[index].established, $0.phases[index].accepted) = (0, 0)
      }
      $0.series = []
      $0.limits = [limit(.client, "connect", at: 0.1, resource: .nobodyListens)]
      $0.planText = "server: {listen: \"127.0.0.1:9000\"}\n"
    },
  ])
  fileprivate func `judges`(test: Case) {
    var recording = good()
    test.change(&recording)
    let judgement = judge(recording)
    #expect(judgement.verdict == test.verdict)
    #expect(judgement.exitCode == test.code)
    #expect(judgement.hasTestedNothing == (test.code == 104))
    #expect(judgement.headline == test.headline)
  }

  @Test func `evaluates thresholds whatever the verdict`() {
    var recording = good()
    recording.fault = "x"
    #expect(judge(recording).thresholds.map(\.passed) == [true, true])
    #expect(judge(recording).thresholds.map(\.planLine) == [6, 7])
  }

  @Test func `reads the plan with the recording's own settings`() {
    var recording = good()
    recording.planText =
      "variables: {goal: 1}\n" + planText + "  - accepted == ${goal}\n  - failures <= ${MOST}\n"
    recording.overrides = [Fact("goal", "1000"), Fact("MOST", "0")]
    #expect(
      judge(recording).thresholds.suffix(2).map(\.text) == ["accepted == 1000", "failures <= 0"])
    #expect(judge(recording).verdict == .passed)
  }

  @Test(arguments: [
    ("connections == 1000", 1000.0, true), ("connections == 1000 in hold", 1000, true),
    ("accepted > 1k", 1000, false), ("phantom == 0", 0, true),
    ("failures == 30", 30, true), ("failures == 25 in ramp", 25, true),
    ("failures.rate <= 2% in ramp", 0.02, true), ("failures.rate < 2%", 0.024, false),
    ("connect.rate >= 500/s", 500, true), ("connect.rate != 500/s in ramp", 500, false),
    ("connect.p50 < 5ms", 0.0023, true), ("connect.p99.9 < 1ms", 0.0023, false),
    ("connect.max <= 2.3ms", 0.0023, true), ("connect.p0.0001 < 5ms", 0.0023, true),
    ("connect.p95 < 5ms", 0.0023, true), ("connect.p99.99 < 1ms", 0.0023, false),
  ])
  func `measures`(threshold: String, value: Double, passed: Bool) throws {
    var recording = good()
    recording.planText = planText + "  - \(threshold)\n"
    recording.failures = [failure(20), failure(5), failure(5, phase: "hold")]
    let result = try #require(judge(recording).thresholds.last)
    #expect(result.passed == passed)
    let measured = try #require(result.value)
    #expect(abs(measured - value) < 1e-4 * max(1, value))
  }

  @Test(arguments: [
    ("connect.p99 < 1s in hold", "no data: no connect latency was measured"),
    ("connect.rate > 1/s in hold", "no data: only a ramp and a churn have a connect rate"),
    ("failures.rate < 1% in hold", "no data: no connection was attempted"),
  ])
  func `fails a threshold whose metric has no data`(threshold: String, reason: String) throws {
    var recording = good()
    recording.planText = planText + "  - \(threshold)\n"
    let result = try #require(judge(recording).thresholds.last)
    #expect(result.passed == false)
    #expect(result.value == nil)
    #expect(result.reason == reason)
  }

  @Test(arguments: [
    (0, 0, "nothing was cut"), (0, 1, "not all that was to come back was there in time"),
    (5, 0, "not all that was to come back was there in time"),
  ])
  func `a recovery that was not measured says why`(dropped: Int, missed: Int, reason: String)
    throws
  {
    var recording = good()
    recording.planText = planText + "  - recovery < 1s\n"
    recording.phases.append(
      PhaseRecord(
        name: "storm", kind: .storm, title: "", planLine: 4, started: 12, ended: 13, outcome: .done,
        established: 1000, accepted: 1000, promise: PhasePromise(promised: 1000, missed: missed),
        dropped: dropped))
    let result = try #require(judge(recording).thresholds.last)
    #expect(result.value == nil && !result.passed)
    #expect(result.reason == "no data: \(reason)")
  }

  @Test func `fails a threshold of a phase that was never reached`() throws {
    var recording = good()
    recording.planText = planText + "  - failures == 0 in hold\n"
    recording.phases[1].started = nil
    recording.phases[1].outcome = .skipped
    let result = try #require(judge(recording).thresholds.last)
    #expect(result.reason == "no data: the run never came to hold")
  }

  @Test func `takes the samples of a phase that was never summed up`() {
    var recording = good()
    recording.complete = false
    recording.duration = 3
    for index in recording.phases.indices {
      recording.phases[index].established = 0
      recording.phases[index].ended = index == 0 ? 2 : nil
    }
    #expect(judge(recording).thresholds[0].value == 1000)
  }

  @Test func `rates the second ramp by what it added`() throws {
    var recording = good()
    recording.planText = """
      server: {listen: "127.0.0.1:9000"}
      phases: [ramp: {to: 1000}, hold: 10s, ramp: {to: 3000}]
      thresholds: [connect.rate == 100/s in ramp-2]
      """
    recording.phases.append(
      PhaseRecord(
        name: "ramp-2", kind: .ramp, title: "", planLine: 2, goal: 3000, started: 12, ended: 32,
        outcome: .done, established: 3000, accepted: 3000))
    recording.series[2].points.append(.init(at: 32, value: 3000))
    #expect(judge(recording).thresholds[0].value == 100)
  }
}
