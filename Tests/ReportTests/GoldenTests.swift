import GoldenFiles
import Judgement
import Plan
import Recording
import Testing

@testable import Report

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
    Run(
      name: "expected-limit", recording: Sample.expectedLimit,
      judgement: judge(Sample.expectedLimit)
    ),
    Run(
      name: "missed-expectation", recording: Sample.missedExpectation,
      judgement: judge(Sample.missedExpectation)),
    Run(name: "threshold", recording: Sample.passed, judgement: Sample.thresholdJudgement),
    Run(name: "refused", recording: Sample.refused, judgement: Sample.refusedJudgement),
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
    let file = junit(run.recording, run.judgement, files: run.files)
    #expect(try difference("\(run.name).xml", file) == nil)
  }

  @Test(arguments: Run.all)
  func `the JSON summary reads as it did`(run: Run) throws {
    let line = jsonSummary(run.recording, run.judgement, files: run.files)
    #expect(try difference("\(run.name).json", line + "\n") == nil)
  }

  @Test(arguments: Run.all)
  func `the terminal summary reads as it did`(run: Run) throws {
    let text = summary(run.recording, run.judgement, files: run.files, colour: false)
    #expect(try difference("\(run.name).txt", text) == nil)
  }

  @Test(arguments: Run.all)
  func `the page's verdict reads as it did`(run: Run) throws {
    let verdict = HTMLReport(run.recording, run.judgement).verdictSection
    #expect(try difference("\(run.name).html", Document(.html, verdict).bytes()) == nil)
  }

  /// One page is enough to see what all have in common.
  @Test func `a whole page reads as it did`() throws {
    let run = Run.named("limit")
    #expect(try difference("page.html", html(run.recording, run.judgement)) == nil)
  }

  @Test func `the extended JUnit says where the plan has each case`() throws {
    let run = Run.named("expected-limit")
    let file = junit(run.recording, run.judgement, files: run.files, flavour: .extended)
    #expect(try difference("extended.xml", file) == nil)
  }

  @Test(arguments: JUnitFlavour.allCases)
  func `JUnit for an invalid plan reads as it did`(flavour: JUnitFlavour) throws {
    let file = Sample.invalidPlan(flavour)
    let name = flavour == .jenkins ? "invalid-plan.xml" : "invalid-plan-extended.xml"
    #expect(try difference(name, file) == nil)
  }

  @Test func `JUnit of several plans reads as it did`() throws {
    #expect(try difference("several-plans.xml", Sample.severalPlans()) == nil)
  }

  @Test func `what differs is told by its first line`() throws {
    let (old, new) = (Array("same\nold\n".utf8), Array("same\nnew\n".utf8))
    #expect(difference("x", old, from: old) == nil)
    let told = try #require(difference("x", new, from: old))
    #expect(told.hasSuffix(" line 2: new\nwas: old"))
    let longer = try #require(difference("x", old + Array("more".utf8), from: Array("same".utf8)))
    #expect(longer.hasSuffix("One is longer."))
  }
}
