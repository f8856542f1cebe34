import Judgement
import Plan
import Recording
import Testing

/// A recording judged by other conditions than its plan's thresholds.
@Suite struct JudgeConditionTests {
  private var recording: Recording {
    Recording(planName: "test") {
      $0.planFile = "test.plan"
      $0.planText = """
        server: {listen: "127.0.0.1:9000"}
        phases: [{ramp: {to: 1000}}]
        thresholds: [connections >= 5k]
        sampling: {every: 2s}

        """
      $0.duration = 2
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 2, goal: 1000, started: 0, ended: 2,
          outcome: .done, established: 1000, accepted: 1000)
      ]
    }
  }

  /// What is said of a condition that is none.
  private func refusal(_ condition: String, _ recording: Recording) -> String? {
    do throws(CommandLineValue.Wrong) {
      _ = try judge(recording, conditions: [condition])
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [("hold", 99), ("close", 0)])
  func `of a replay from a phase on messages are judged where a phase that is left plays some`(
    from: String, code: Int32
  ) {
    var replayed = recording
    replayed.planText = """
      server: {listen: "127.0.0.1:9000"}
      messages: {ping: {every: 1s, send: x}}
      phases: [{ramp: {to: 1000}}, {hold: {for: 1s, messages: ping}}, {close: reset}]
      thresholds: [rtt.p99 < 1s]

      """
    replayed.phases = ["hold", "close"].drop { $0 != from }.map { name in
      PhaseRecord(
        name: name, kind: name == "hold" ? .hold : .close, title: "", planLine: 2, started: 0,
        ended: 2, outcome: .done, established: 1000, accepted: 1000)
    }
    replayed.replay = ReplayRecord(original: "run.recording", originalStarted: "", fromPhase: from)
    // Nothing was answered.
    #expect(judge(replayed).exitCode == code)
    #expect(judge(replayed).thresholds.count == (code == 0 ? 0 : 1))
  }

  @Test func `what a server pushes comes in every phase`() {
    var replayed = recording
    replayed.planText = """
      server: {listen: "127.0.0.1:9000", reply: {push: {every: 1s, send: hello}}}
      phases: [{ramp: {to: 1000}}, {close: reset}]
      thresholds: [messages.received >= 10]

      """
    replayed.phases = [
      PhaseRecord(
        name: "close", kind: .close, title: "", planLine: 2, started: 0, ended: 2, outcome: .done,
        established: 1000, accepted: 1000)
    ]
    replayed.replay = ReplayRecord(
      original: "run.recording", originalStarted: "", fromPhase: "close")
    #expect(judge(replayed).exitCode == 99)
  }

  @Test func `they stand instead of the plan's`() throws {
    #expect(judge(recording).exitCode == 99)
    let passed = try judge(recording, conditions: ["connections >= 1k", "accepted == 1k in ramp"])
    #expect(passed.exitCode == 0)
    #expect(passed.thresholds.map(\.text) == ["connections >= 1k", "accepted == 1k in ramp"])
    let failed = try judge(recording, conditions: ["connections < 1k"])
    #expect(failed.verdict == .failed)
    #expect(failed.exitCode == 99)
    #expect(failed.thresholds.map(\.value) == [1000])
  }

  @Test(arguments: [
    ("conections >= 1k", "there is no metric 'conections' (did you mean 'connections'?)"),
    ("connections >= 1k in rampp", "there is no phase 'rampp' in this plan (did you mean 'ramp'?)"),
    ("connections >= 1k for 1s", "1 s is shorter than the time between two samples, 2 s"),
    ("connect.p99 < 5", "5"), ("", "''"), ("connections", "a condition needs an operator"),
  ])
  func `what is no condition is told as in a plan`(condition: String, reason: String) {
    let refusal = refusal(condition, recording)
    #expect(refusal?.contains(reason) == true, "\(refusal ?? "taken")")
  }

  @Test func `a plan that cannot be read stays an error, and so does a wrong condition`() throws {
    var recording = recording
    recording.planText = "phases: 5\n"
    let judgement = try judge(recording, conditions: ["connections >= 1k"])
    #expect(judgement.verdict == .error)
    #expect(judgement.exitCode == 1)
    #expect(judgement.thresholds.map(\.passed) == [true])
    #expect(refusal("connections >= 1k in hold", recording)?.contains("no phase 'hold'") == true)
  }
}
