import Recording
import Testing

@testable import Judgement
@testable import Plan

/// What a judgement repeats of what peers have said.
@Suite struct MaskedJudgementTests {
  @Test func `a value of the environment that a peer repeated is shown nowhere`() {
    let secret = "s3cret-of-the-environment"
    let said = LimitRecord(
      end: .server, phase: "ramp", planLine: 3, syscall: "closed", resource: .closedByPeer,
      count: 1, firstInstant: 1, established: 9, accepted: 9,
      evidence: [Fact("the peer said", "ERR bad token \(secret)")])
    let recording = Recording(planName: "p") {
      $0.planFile = "p.plan"
      $0.planText = """
        target: 127.0.0.1:9000
        messages: {login: {every: 1s, send: "AUTH ${TOKEN}", expect: echo}}
        phases: [ramp: {to: 1000}, hold: {for: 1s, messages: login}]
        """
      $0.overrides = [Fact("TOKEN", secret)]
      $0.duration = 9
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 3, goal: 1000, started: 0, ended: 9,
          outcome: .limit, established: 9, accepted: 9,
          promise: PhasePromise(promised: 1000, missed: 991, tolerance: 0))
      ]
      $0.limits = [said]
    }
    let judgement = judge(recording)
    #expect(judgement.limit == said)
    let (shown, masked) = recording.masked(judgement)
    #expect(masked.limit == shown.limits[0])
    #expect(masked.limit?.evidence == [Fact("the peer said", "ERR bad token <TOKEN>")])
    #expect(masked.broken.map(\.limit) == [masked.limit])
    // Where the limit was expected and another came, the reason repeats what was said.
    var expecting = judgement
    expecting.expectation = Expectation(
      text: "expect-limit: {errno: EMFILE}", met: false, reason: "it said bad token \(secret)")
    let (_, told) = recording.masked(expecting)
    #expect(told.expectation?.reason == "it said bad token <TOKEN>")
  }

  @Test func `where the plan cannot be read every value may be a secret`() {
    let secret = "s3cret-of-the-environment"
    let recording = Recording(planName: "p") {
      $0.planText = "from-a-newer-version: 1\n"
      $0.effectivePlan = "messages: {login: {send: \"AUTH \(secret) pw\"}}\n"
      $0.overrides = [Fact("TOKEN", secret), Fact("SHORT", "pw")]
      $0.fault = "the peer said \(secret)"
    }
    let (shown, judgement) = recording.masked(judge(recording))
    #expect(shown.overrides == [Fact("TOKEN", "<TOKEN>"), Fact("SHORT", "<SHORT>")])
    #expect(shown.effectivePlan.isEmpty)
    #expect(shown.fault == "the peer said <TOKEN>")
    #expect(judgement.headline == "error: the peer said <TOKEN>")
    let comparison = Comparison(base: recording, new: recording)
    #expect(comparison.notes.allSatisfy { !$0.contains(secret) })
    var other = recording
    other.effectivePlan += "more: 1\n"
    #expect(Comparison(base: recording, new: other).plan.differs)
  }
}
