import Judgement
import Plan
import Recording
import Testing

/// What is said of the number that a search found.
@Suite struct JudgeSearchTests {
  private func headline(_ steps: [SearchStep], _ limits: [LimitRecord] = []) -> String {
    let recording = Recording(planName: "p") {
      $0.duration = 9
      $0.phases = [
        PhaseRecord(
          name: "search", kind: .search, title: "", planLine: 1, started: 0, ended: 9,
          outcome: .done, established: 5000, accepted: 5000, ceiling: 5000)
      ]
      $0.limits = limits
      $0.searchSteps = steps
    }
    return judge(recording, thresholds: []).headline
  }

  private func headline(_ outcomes: [SearchStep.Outcome]) -> String {
    headline(
      outcomes.enumerated().map { index, outcome in
        SearchStep(
          phase: "search", at: Double(index), goal: 5000, held: 5000, outcome: outcome,
          reason: outcome == .tooMany ? "connect.p99 > 1s (measured 2 s)" : "")
      })
  }

  @Test(arguments: [SearchStep.Outcome.limit, .tooMany])
  func `what bounded it is named, not what happened on the way`(last: SearchStep.Outcome) {
    func limit(_ resource: Resource, _ syscall: String, at instant: Double, stoppedAt: Double?)
      -> LimitRecord
    {
      LimitRecord(
        end: .client, phase: "search", planLine: 1, syscall: syscall, resource: resource, count: 1,
        firstInstant: instant, stoppedAt: stoppedAt, established: 9, accepted: 9)
    }
    let headline = headline(
      [
        SearchStep(phase: "search", at: 2, goal: 5000, held: 5000, outcome: .reached),
        SearchStep(
          phase: "search", at: 4, goal: 6000, held: 5000, outcome: last, reason: "rtt.p99 > 1s"),
        SearchStep(phase: "search", at: 9, goal: 5000, held: 5000, outcome: .confirmed),
      ],
      [
        limit(.closedByPeer, "closed", at: 1, stoppedAt: nil),
        limit(.descriptorsPerProcess, "socket", at: 4, stoppedAt: 4),
      ])
    #expect(headline.contains(last == .limit ? "(client socket" : "(rtt.p99 > 1s)"), "\(headline)")
  }

  @Test func `what was lost while a number was confirmed bounds it, not a limit before`() {
    let headline = headline([
      SearchStep(
        phase: "search", at: 2, goal: 6000, held: 5900, outcome: .limit, reason: "client socket"),
      SearchStep(
        phase: "search", at: 4, goal: 5900, held: 5000, outcome: .lost,
        reason: "900 were closed by the peer"),
      SearchStep(phase: "search", at: 9, goal: 5000, held: 5000, outcome: .confirmed),
    ])
    #expect(headline.hasSuffix("search found 5,000 connections (900 were closed by the peer)"))
  }

  @Test(arguments: [("EMFILE", Verdict.passed), ("ENOSPC", .failed)])
  func `a limit that bounds a search is one that a plan can expect`(
    errno: String, verdict: Verdict
  ) {
    let recording = Recording(planName: "p") {
      $0.planFile = "p.plan"
      $0.planText = """
        server: {listen: "127.0.0.1:9000"}
        phases: [search: {from: 100, step: 100, to: 1k}]
        expect-limit: {errno: \(errno)}
        """
      $0.duration = 9
      $0.phases = [
        PhaseRecord(
          name: "search", kind: .search, title: "", planLine: 2, started: 0, ended: 9,
          outcome: .done, established: 493, accepted: 493, ceiling: 493)
      ]
      $0.limits = [
        LimitRecord(
          end: .client, phase: "search", planLine: 2, syscall: "socket",
          errno: ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"),
          resource: .descriptorsPerProcess, count: 1, firstInstant: 2, stoppedAt: 2,
          established: 493, accepted: 493)
      ]
      $0.searchSteps = [
        SearchStep(phase: "search", at: 2, goal: 500, held: 493, outcome: .limit, reason: "EMFILE"),
        SearchStep(phase: "search", at: 3, goal: 493, held: 493, outcome: .confirmed),
      ]
    }
    #expect(judge(recording).verdict == verdict)
  }

  @Test func `a search that came to its end without a limit has found no ceiling`() {
    #expect(
      headline([.reached, .confirmed])
        == "passed: 5,000 connections; search found no ceiling up to 5,000")
  }

  @Test(arguments: [SearchStep.Outcome.limit, .tooMany, .lost])
  func `one that was stopped on its way has found one`(stopped: SearchStep.Outcome) {
    #expect(
      headline([.reached, stopped, .confirmed])
        .hasPrefix("passed: 5,000 connections; search found 5,000 connections"))
  }
}
