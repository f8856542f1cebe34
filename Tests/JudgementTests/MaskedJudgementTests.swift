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

  @Test func `a value with characters that texts escape is shown nowhere, nor cut`() {
    let secret = "pa\"ss\\word12\nmore-of-it"
    let plan = """
      target: 127.0.0.1:9000
      messages: {login: {every: 1s, send: "AUTH ${TOKEN}", expect: echo}}
      phases: [ramp: {to: 1000}, hold: {for: 1s, messages: login}]
      """
    func shown(_ remark: String) -> String {
      let recording = Recording(planName: "p") {
        $0.planFile = "p.plan"
        $0.planText = plan
        $0.overrides = [Fact("TOKEN", secret)]
        $0.phases = [
          PhaseRecord(
            name: "ramp", kind: .ramp, title: "", planLine: 3, goal: 1000, started: 0, ended: 9,
            outcome: .limit, established: 9, accepted: 9,
            promise: PhasePromise(promised: 1000, missed: 991, tolerance: 0))
        ]
        $0.phases[0].remark = remark
      }
      let (shown, judgement) = recording.masked(judge(recording))
      #expect(judgement.broken.allSatisfy { $0.phase.remark == shown.phases[0].remark })
      return shown.phases[0].remark
    }
    let whole = "no: \(secret)"
    for said in [
      whole, EscapedText.shown(Array(whole.utf8)), "'no: pa\"ss\\word12\\u{a}more-of-it'",
      // A note of a protocol quotes it once, the remark once more.
      EscapedText.shown(Array("PUBACK: \"no: pa\\\"ss\\\\word12\\nmore-of-it\"".utf8)),
    ] {
      let text = shown("1 answer was wrong: \(said); and more")
      #expect(text.contains("no: <TOKEN>"), "\(text)")
      #expect(!text.contains("word12") && !text.contains("more-of"), "\(text)")
    }
    // What is kept of an answer ends within the value, or begins there.
    for gap in [1024 - 9, 990, 1024 - 20] {
      let bytes = [UInt8](repeating: 46, count: gap) + Array(secret.utf8)
      let text = shown("1 answer was wrong: \(EscapedText.shown(bytes.prefix(1024)))")
      #expect(!text.contains("pa") && !text.contains("word"), "\(text)")
    }
    let text = shown("wrong: \(EscapedText.shown(Array(secret.utf8.dropFirst(4)) + [33]))")
    #expect(text == "wrong: \"<TOKEN>!\"")
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
