import Foundation
import Judgement
import Plan
import Recording
import Report
import Testing

@Suite struct JUnitTests {
  private static let schema = XMLSchema.jenkins

  @Test(
    .enabled(
      if: schema != nil,
      "set RUNNER_JUNIT_XSD to Jenkins' jenkins-junit-10.xsd, or keep it in ../shared/junit"),
    arguments: Run.all)
  func `every file is valid for Jenkins`(run: Run) throws {
    let schema = try #require(Self.schema)
    #expect(schema.errors(in: junit(run.recording, run.judgement, files: run.files)) == [])
  }

  @Test(.enabled(if: schema != nil, "no jenkins-junit-10.xsd"))
  func `the files for an invalid plan and for several plans are valid for Jenkins`() throws {
    let schema = try #require(Self.schema)
    #expect(schema.errors(in: Sample.invalidPlan(.jenkins)) == [])
    #expect(schema.errors(in: Sample.severalPlans()) == [])
  }

  @Test(.enabled(if: schema != nil, "no jenkins-junit-10.xsd"))
  func `only the extended flavour has what the schema does not know`() throws {
    let schema = try #require(Self.schema)
    let run = Run.named("limit")
    let errors = schema.errors(
      in: junit(run.recording, run.judgement, files: run.files, flavour: .extended))
    // Two attributes of each of the four cases, and the verdict on the whole.
    #expect(errors.count == 9)
    let allowed = ["attribute 'file' is not allowed", "attribute 'line' is not allowed", "invalid"]
    #expect(errors.allSatisfy { error in allowed.contains { error.contains($0) } }, "\(errors)")
  }

  @Test(.enabled(if: schema != nil, "no jenkins-junit-10.xsd"))
  func `the schema does refuse what is wrong`() throws {
    let schema = try #require(Self.schema)
    #expect(
      !schema.errors(in: Array("<testsuites><testsuite name='x'/></testsuites>".utf8)).isEmpty)
  }

  @Test(arguments: Run.all)
  func `the counts of every suite are those of its cases`(run: Run) throws {
    let root = try parsed(run)
    #expect(root.name == "testsuites")
    for suite in root.children(named: "testsuite") {
      let cases = suite.children(named: "testcase")
      func count(_ name: String) -> String {
        String(cases.count { !$0.children(named: name).isEmpty })
      }
      #expect(suite["tests"] == String(cases.count))
      #expect(suite["failures"] == count("failure"))
      #expect(suite["errors"] == count("error"))
      #expect(suite["skipped"] == count("skipped"))
      #expect(cases.allSatisfy { $0["classname"] == suite["name"] })
      #expect(Set(cases.map { $0["name"] }).count == cases.count)
    }
    let all = root.children(named: "testsuite").flatMap { $0.children(named: "testcase") }
    #expect(root["tests"] == String(all.count))
  }

  @Test(arguments: Run.all)
  func `a case fails whenever the program's exit code is not zero`(run: Run) throws {
    let root = try parsed(run)
    let isFailed = root["failures"] != "0" || root["errors"] != "0"
    #expect(isFailed == (run.judgement.exitCode != 0))
  }

  @Test(arguments: Run.all)
  func `each case of the extended flavour has its file and line`(run: Run) throws {
    let file = junit(run.recording, run.judgement, files: run.files, flavour: .extended)
    let cases = try XMLNode.parse(file).testCases
    #expect(cases.allSatisfy { $0["file"] == run.recording.planFile || $0["name"] == "run" })
    let lines = run.recording.phases.map { String($0.planLine) }
    #expect(cases.prefix(lines.count).map { $0["line"] } == lines)
    let thresholds = run.judgement.thresholds.map { String($0.planLine) }
    #expect(cases.dropFirst(lines.count).compactMap { $0["line"] } == thresholds)
    #expect(try parsed(run).testCases.allSatisfy { $0["file"] == nil && $0["line"] == nil })
  }

  @Test func `the file of several plans has every suite, and their sums`() throws {
    let root = try XMLNode.parse(Sample.severalPlans())
    let suites = root.children(named: "testsuite")
    #expect(
      suites.map { $0["name"] } == [
        "ramp-50k.phases", "ramp-50k.thresholds", "ramp-1m.phases", "ramp-1m.thresholds",
        "ramp-1m.phases",
      ])
    for key in ["tests", "failures", "errors"] {
      #expect(root[key] == String(suites.reduce(0) { $0 + (Int($1[key] ?? "") ?? 0) }))
    }
    #expect(root.testCases.count == 8)
  }

  @Test(arguments: [nil, "<a>", "<html/>"])
  func `a plan without a report is an error in the file of several, beside the others`(
    text: String?
  ) throws {
    let run = Run.named("passed")
    let good = junit(run.recording, run.judgement, files: run.files)
    let missing = PlanReport(plan: "b", path: "out/b.xml", junit: text.map { Array($0.utf8) })
    #expect(missing.problem?.hasPrefix("out/b.xml ") == true)
    let file = junit(
      merging: [PlanReport(plan: "a", path: "a.xml", junit: good), missing])
    let root = try XMLNode.parse(file)
    #expect(root.children(named: "testsuite").last?["name"] == "b.phases")
    #expect(root["errors"] == "1")
    #expect(root.testCases.count == (try XMLNode.parse(good)).testCases.count + 1)
  }

  @Test func `suites and cases stand in the plan's order`() throws {
    let root = try parsed(Run.named("limit"))
    let suites = root.children(named: "testsuite")
    #expect(suites.map { $0["name"] } == ["ramp-1m.phases", "ramp-1m.thresholds"])
    #expect(
      suites.map { $0.children(named: "testcase").map { $0["name"] } } == [
        ["ramp to 1,000,000 at 25,000/s", "hold for 30 s"],
        ["connections >= 1M", "connect.p99 < 1s in ramp"],
      ])
    #expect(suites.first?["timestamp"] == "2026-01-02T03:04:05")
  }

  @Test func `a limit fails its phase under the name of its errno`() throws {
    let ramp = try #require(try parsed(Run.named("limit")).testCases.first)
    let failure = try #require(ramp.children(named: "failure").first)
    #expect(failure["type"] == "EMFILE")
    #expect(failure.text.contains("ulimit -n 1000064"))
    let output = try #require(ramp.children(named: "system-out").first).text
    #expect(output.hasPrefix("[[ATTACHMENT|reports/run/report.html]]\n"))
    #expect(output.contains("[[ATTACHMENT|/work space/reports/run/run.recording]]"))
  }

  @Test func `the limit's connections are those that the headline says`() throws {
    let recording = Sample.limited
    let judgement = judge(recording, thresholds: [])
    let root = try XMLNode.parse(junit(recording, judgement, files: OutputFiles()))
    let properties = try #require(root.all.first { $0.name == "properties" }).children
    let said = properties.first { $0["name"] == "limit.connections" }?["value"]
    #expect(said == "19936")
    #expect(judgement.headline.hasPrefix("limit reached: 19,936 of 1,000,000 connections; server"))
    let failure = try #require(root.all.first { $0.name == "failure" })
    #expect(failure["message"] == judgement.headline)
  }

  @Test(arguments: [1.25, nil])
  func `what a storm came to stands among the properties`(recovery: Double?) throws {
    let recording = Sample.storm(recovery: recovery)
    let judgement = judge(recording, thresholds: [])
    let root = try XMLNode.parse(junit(recording, judgement, files: OutputFiles()))
    let properties = try #require(root.all.first { $0.name == "properties" }).children
    func value(_ name: String) -> String? { properties.first { $0["name"] == name }?["value"] }
    #expect(value("storm.dropped") == "25000")
    #expect(value("storm.refused") == "0")
    #expect(value("storm.recovery") == recovery.map { "\($0)" })
    #expect(value("recovery") == recovery.map { "\($0)" })
  }

  @Test func `the limit's connections are those of its phase, also without a goal`() throws {
    var recording = Sample.limited
    recording.phases[0] = Sample.passed.phases[0]
    recording.phases[1].outcome = .limit
    (recording.phases[1].started, recording.phases[1].ended) = (2.5, 4)
    recording.phases[1].promise = PhasePromise(promised: 19_936, missed: 936, tolerance: 0)
    recording.limits[0].phase = "hold"
    let judgement = judge(recording, thresholds: [])
    #expect(judgement.limit?.phase == "hold")
    let root = try XMLNode.parse(junit(recording, judgement, files: OutputFiles()))
    let said = root.all.first { $0["name"] == "limit.connections" }?["value"]
    #expect(said == "19000")
    #expect(judgement.headline.hasPrefix("limit reached: 19,000 of 19,936 connections held"))
  }

  @Test func `the text of a failure ends its last line`() throws {
    var recording = Sample.limited
    recording.limits = []
    let judgement = judge(recording, thresholds: [])
    let file = String(
      decoding: junit(recording, judgement, files: OutputFiles()), as: UTF8.self)
    #expect(file.contains("its cause was not recorded\n</failure>"), "\(file)")
  }

  @Test func `a limit that the plan expected fails nothing`() throws {
    let root = try parsed(Run.named("expected-limit"))
    #expect(root["failures"] == "0")
    #expect(root.testCases.last?["name"]?.hasPrefix("expect-limit: {errno: EMFILE,") == true)
  }

  @Test func `an interrupt after an expected limit fails the phase that it cut off`() throws {
    var recording = Sample.expectedLimit
    recording.interrupted = true
    recording.phases[1].outcome = .interrupted
    let file = junit(recording, judge(recording), files: OutputFiles())
    let cases = try XMLNode.parse(file).testCases
    #expect(cases.prefix(2).map { $0.children.first?.name } == [nil, "error"])
  }

  @Test func `an interrupt is an error of the phase that it cut off`() throws {
    let cases = try parsed(Run.named("interrupted")).testCases
    #expect(cases.map { $0.children.first?.name } == [nil, "error", "skipped"])
    #expect(cases[1].children.first?["type"] == "interrupted")
  }

  @Test func `a fault before the first phase still fails a case`() throws {
    let recording = Recording(planName: "p") {
      $0.fault = "fork: EAGAIN"
    }
    let judgement = Judgement(
      verdict: .error, exitCode: 1, thresholds: [], limit: nil, headline: "fork: EAGAIN")
    let root = try XMLNode.parse(junit(recording, judgement, files: OutputFiles()))
    #expect(root["errors"] == "1")
    #expect(root.testCases.first?.children.first?["type"] == "fault")
  }

  private func parsed(_ run: Run) throws -> XMLNode {
    try XMLNode.parse(junit(run.recording, run.judgement, files: run.files))
  }
}

extension XMLNode {
  fileprivate var testCases: [XMLNode] {
    children(named: "testsuite").flatMap { $0.children(named: "testcase") }
  }
}
