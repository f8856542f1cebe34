import Foundation
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
  func `the file for an invalid plan is valid for Jenkins`() throws {
    let schema = try #require(Self.schema)
    #expect(schema.errors(in: junit(invalidPlan: "p", message: "no phases")) == [])
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

  @Test func `a limit that the plan expected fails nothing`() throws {
    var judgement = Sample.limitedJudgement
    judgement.verdict = .passed
    judgement.thresholds = []
    let root = try XMLNode.parse(junit(Sample.limited, judgement, files: OutputFiles()))
    #expect(root["failures"] == "0")
  }

  @Test func `an interrupt is an error of the phase that it cut off`() throws {
    let cases = try parsed(Run.named("interrupted")).testCases
    #expect(cases.map { $0.children.first?.name } == [nil, "error", "skipped"])
    #expect(cases[1].children.first?["type"] == "interrupted")
  }

  @Test func `a fault before the first phase still fails a case`() throws {
    let recording = Recording(planName: "p", fault: "fork: EAGAIN")
    let judgement = Judgement(
      verdict: .error, exitCode: 1, thresholds: [], limit: nil, headline: "fork: EAGAIN")
    let root = try XMLNode.parse(junit(recording, judgement, files: OutputFiles()))
    #expect(root["errors"] == "1")
    #expect(root.testCases.first?.children.first?["type"] == "fault")
  }

  @Test func `names repeat no other and have at most 512 characters`() throws {
    var recording = Sample.passed
    for index in recording.phases.indices {
      recording.phases[index].title = String(repeating: "ramp ", count: 400)
    }
    let root = try XMLNode.parse(junit(recording, Sample.passedJudgement, files: OutputFiles()))
    let names = try #require(root.children.first).children(named: "testcase").compactMap {
      $0["name"]
    }
    #expect(Set(names).count == 2)
    #expect(names.allSatisfy { $0.count <= 512 })
  }

  @Test func `one file stays under five megabytes`() {
    var recording = Sample.limited
    recording.limits[0].evidence = [Fact("log", String(repeating: "<&>", count: 2_000_000))]
    var judgement = Sample.limitedJudgement
    judgement.limit = recording.limits[0]
    #expect(junit(recording, judgement, files: OutputFiles()).count < 5_000_000)
    let message = String(repeating: "error: <&>\n", count: 900_000)
    #expect(junit(invalidPlan: "p", message: message).count < 5_000_000)
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
