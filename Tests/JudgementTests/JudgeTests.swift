import Judgement
import Plan
import Recording
import Testing

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
    ) {
      $0.series +=
        JudgeFixture.answers("ping", sent: 3, .wrong, 3)
        + JudgeFixture.answers("pong", sent: 3, .received, 3)
    },
    Case(
      "runs without one right answer of two patterns", .passed, 0,
      "passed: 1,000 of 1,000 connections; none of 3 answers to ping was right"
        + "; the only answer to pong was wrong"
    ) {
      $0.series +=
        JudgeFixture.answers("ping", sent: 5, .wrong, 3)
        + JudgeFixture.answers("pong", sent: 1, .wrong, 1)
    },
    Case("late answers are right ones", .passed, 0, "passed: 1,000 of 1,000 connections") {
      $0.series +=
        JudgeFixture.answers("ping", sent: 3, .wrong, 2) + JudgeFixture.answers("ping", .late, 1)
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
      $0.limits = [JudgeFixture.limit(.client, "socket", at: 1.5)]
    },
    Case(
      "a limit without an errno", .limit, 100,
      "limit reached: 900 of 1,000 connections; host: less memory left than the guard keeps"
    ) {
      $0.phases[0].established = 900
      $0.limits = [JudgeFixture.limit(.host, nil, at: 1, errno: nil, resource: .memoryGuard)]
    },
    Case(
      "the first of two limits", .limit, 100,
      "limit reached: 900 of 1,000 connections; client connect: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.limits = [
        JudgeFixture.limit(.server, "accept4", at: 1.5),
        JudgeFixture.limit(.client, "connect", at: 1.2),
      ]
    },
    Case(
      "the server's limit where there are phantoms", .limit, 100,
      "limit reached: 700 of 1,000 connections; server accept4: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.phases[0].phantom = 200
      $0.limits = [
        JudgeFixture.limit(.client, "connect", at: 1.2),
        JudgeFixture.limit(.server, "accept4", at: 1.5),
      ]
    },
    Case(
      "a dead server rather than what it took along", .limit, 100,
      "limit reached: 700 of 1,000 connections; server: no memory left"
    ) {
      $0.phases[0].established = 700
      var closed = JudgeFixture.limit(.client, "closed", at: 1.2)
      closed.resource = .closedByPeer
      var death = JudgeFixture.limit(.server, "", at: 1.3)
      (death.worker, death.syscall, death.errno, death.resource) = (0, nil, nil, .memory)
      $0.limits = [closed, death]
    },
    Case(
      "the limit of the first phase", .limit, 100,
      "limit reached: 900 of 1,000 connections; client socket: EMFILE (Too many open files)"
    ) {
      $0.phases[0].established = 900
      $0.limits = [
        JudgeFixture.limit(.server, "read", at: 1, phase: "hold"),
        JudgeFixture.limit(.client, "socket", at: 1.5),
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
      $0.limits = [JudgeFixture.limit(.client, "connect", at: 0.1, resource: .nobodyListens)]
    },
    Case(
      "a server that was not there, and a plan that tolerates all", .error, 104,
      "nothing was tested: 0 of 1,000 connections; server connect: ECONNREFUSED (Connection refused)"
    ) { JudgeFixture.tolerateAll(&$0, [("connect", .refused, 1000)]) },
    Case(
      "a silent server, and a plan that tolerates all", .error, 104,
      "nothing was tested: 0 of 1,000 connections; client connect: ETIMEDOUT (Connection timed out)"
    ) {
      JudgeFixture.tolerateAll(
        &$0, [("connect", .timedOut, 999), ("connect", .refused, 1)])
    },
    Case(
      "a server that refuses everybody, and a plan that tolerates all", .error, 104,
      "nothing was tested: 0 of 1,000 connections; client mqtt: EPROTO (Protocol error)"
    ) { JudgeFixture.tolerateAll(&$0, [("mqtt", .refusedByProtocol, 1000)]) },
    Case(
      "connections that ended without an answer", .passed, 0,
      "passed: 1,000 of 1,000 connections; none of 3 messages ping was answered"
    ) { $0.series += JudgeFixture.answers("ping", sent: 3, .short, 3) },
    Case(
      "a run without any answer", .passed, 0,
      "passed: 1,000 of 1,000 connections; none of 3 messages ping was answered"
    ) {
      $0.series +=
        JudgeFixture.answers("ping", sent: 3, .missing, 3)
        + JudgeFixture.answers("pong", sent: 3, .received, 3)
        + JudgeFixture.answers("unheard", sent: 3, .received, 0)
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
        JudgeFixture.limit(.client, "connect", at: 0.1, phase: "churn", resource: .nobodyListens)
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
      $0.limits = [JudgeFixture.limit(.client, "socket", at: 1.5)]
    },
    Case(
      "an interruption before a limit", .interrupted, 105,
      "interrupted 12 s into the run, in phase hold: 1,000 of 1,000 connections"
    ) {
      $0.interrupted = true
      $0.limits = [JudgeFixture.limit(.client, "socket", at: 1.5)]
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
      $0.limits = [JudgeFixture.limit(.client, "connect", at: 0.1, resource: .nobodyListens)]
      $0.planText = "server: {listen: \"127.0.0.1:9000\"}\n"
    },
  ])
  fileprivate func `judges`(test: Case) {
    var recording = JudgeFixture.good()
    test.change(&recording)
    let judgement = judge(recording)
    #expect(judgement.verdict == test.verdict)
    #expect(judgement.exitCode == test.code)
    #expect(judgement.hasTestedNothing == (test.code == 104))
    #expect(judgement.headline == test.headline)
  }
}
