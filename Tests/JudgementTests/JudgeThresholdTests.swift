import Judgement
import Recording
import Testing

/// How thresholds are judged, each by the figures of a whole run or phase.
@Suite struct JudgeThresholdTests {
  @Test func `evaluates thresholds whatever the verdict`() {
    var recording = JudgeFixture.good()
    recording.fault = "x"
    #expect(judge(recording).thresholds.map(\.passed) == [true, true])
    #expect(judge(recording).thresholds.map(\.planLine) == [6, 7])
  }

  @Test func `reads the plan with the recording's own settings`() {
    var recording = JudgeFixture.good()
    recording.planText =
      "variables: {goal: 1}\n" + JudgeFixture.planText
      + "  - accepted == ${goal}\n  - failures <= ${MOST}\n"
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
    var recording = JudgeFixture.good()
    recording.planText = JudgeFixture.planText + "  - \(threshold)\n"
    recording.failures = [
      JudgeFixture.failure(20), JudgeFixture.failure(5), JudgeFixture.failure(5, phase: "hold"),
    ]
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
    var recording = JudgeFixture.good()
    recording.planText = JudgeFixture.planText + "  - \(threshold)\n"
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
    var recording = JudgeFixture.good()
    recording.planText = JudgeFixture.planText + "  - recovery < 1s\n"
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
    var recording = JudgeFixture.good()
    recording.planText = JudgeFixture.planText + "  - failures == 0 in hold\n"
    recording.phases[1].started = nil
    recording.phases[1].outcome = .skipped
    let result = try #require(judge(recording).thresholds.last)
    #expect(result.reason == "no data: the run never came to hold")
  }

  @Test func `takes the samples of a phase that was never summed up`() {
    var recording = JudgeFixture.good()
    recording.complete = false
    recording.duration = 3
    for index in recording.phases.indices {
      recording.phases[index].established = 0
      recording.phases[index].ended = index == 0 ? 2 : nil
    }
    #expect(judge(recording).thresholds[0].value == 1000)
  }

  @Test func `rates the second ramp by what it added`() throws {
    var recording = JudgeFixture.good()
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
