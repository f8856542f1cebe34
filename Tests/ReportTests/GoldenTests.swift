import Plan
import Recording
import Report
import Testing

/// A run and what was made of it, by the name of its golden files.
struct Run: CustomTestStringConvertible, Sendable {
  let name: String
  let recording: Recording
  let judgement: Judgement
  let files = OutputFiles(
    recording: "reports/run/run.recording", html: "reports/run/report.html",
    junit: "reports/run/TEST-run.xml", directory: "/work space")

  var testDescription: String { name }

  static func named(_ name: String) -> Run { all.first { $0.name == name }! }

  static let all = [
    Run(name: "passed", recording: Sample.passed, judgement: Sample.passedJudgement),
    Run(name: "limit", recording: Sample.limited, judgement: Sample.limitedJudgement),
    Run(name: "threshold", recording: Sample.passed, judgement: Sample.thresholdJudgement),
    Run(name: "interrupted", recording: Sample.interrupted, judgement: Sample.interruptedJudgement),
    Run(name: "incomplete", recording: Sample.incomplete, judgement: Sample.incompleteJudgement),
    Run(name: "messages", recording: Sample.messages, judgement: Sample.messagesJudgement),
    Run(name: "search", recording: Sample.search, judgement: judge(Sample.search, thresholds: [])),
    Run(name: "hostile", recording: Sample.hostile, judgement: Sample.hostileJudgement),
  ]
}

@Suite struct GoldenTests {
  @Test(arguments: Run.all)
  func `JUnit reads as it did`(run: Run) throws {
    try expectGolden("\(run.name).xml", junit(run.recording, run.judgement, files: run.files))
  }

  @Test(arguments: Run.all)
  func `the JSON summary reads as it did`(run: Run) throws {
    try expectGolden(
      "\(run.name).json", jsonSummary(run.recording, run.judgement, files: run.files) + "\n")
  }

  @Test(arguments: Run.all)
  func `the terminal summary reads as it did`(run: Run) throws {
    try expectGolden(
      "\(run.name).txt",
      summary(run.recording, run.judgement, files: run.files, colour: false))
  }

  @Test func `JUnit for an invalid plan reads as it did`() throws {
    try expectGolden(
      "invalid-plan.xml",
      junit(
        invalidPlan: "ramp-1m",
        message: """
          plans/ramp-1m.plan:3:5: error: unknown key "rampp"
            3 |   - rampp: {to: 1M}
              |     ^ did you mean "ramp"?
          """, hostname: "build-7", started: "2026-01-02T03:04:05.678Z"))
  }
}
