import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// Text from anywhere, of any length: the file stays valid, small, and one case a phase.
@Suite struct JUnitHostileTests {
  @Test(.timeLimit(.minutes(10)))
  func `fifty thousand cases of one name have names of their own, and soon`() throws {
    let recording = Recording(planName: "p") {
      $0.phases = (0..<50_000).map {
        PhaseRecord(name: String($0), kind: .pause, title: "pause", planLine: 1)
      }
      $0.fault = "x"
    }
    let judgement = Judgement(verdict: .error, exitCode: 1, headline: "x")
    let file = String(
      decoding: junit(recording, judgement, files: OutputFiles()), as: UTF8.self)
    #expect(file.contains("name=\"pause (2)\""))
    #expect(file.contains("name=\"pause (50000)\""))
  }

  /// What one text looks like wherever text can be: plan, phases, limit, evidence, thresholds.
  private func hostile(_ text: String) throws -> (file: [UInt8], root: XMLNode) {
    var recording = Sample.limited
    recording.planName = text
    recording.planFile = text
    recording.hostname = text
    recording.started = text
    for index in recording.phases.indices {
      recording.phases[index].title = text
      recording.phases[index].name = text
    }
    var limit = Sample.hostileLimit
    limit.phase = text
    limit.syscall = text
    limit.errno = ErrnoRecord(number: 24, name: text, text: text)
    limit.endpoint = text
    limit.fix = text
    limit.evidence = [Fact(text, text)]
    recording.limits = [limit]
    var judgement = Sample.limitedJudgement
    judgement.limit = limit
    judgement.broken = [BrokenPhase(phase: recording.phases[0], limit: limit)]
    judgement.headline = text
    judgement.expectation = Expectation(text: text, met: false, reason: text)
    for index in judgement.thresholds.indices {
      judgement.thresholds[index].text = text
      judgement.thresholds[index].reason = text
    }
    let files = OutputFiles(recording: text, html: text, junit: text, directory: text)
    let file = junit(recording, judgement, files: files)
    return (file, try XMLNode.parse(file))
  }

  /// Bytes that are no UTF-8: an unpaired surrogate written as three bytes, and a lone one of two.
  private static let broken = String(decoding: [0x61, 0xED, 0xA0, 0x80, 0xC3], as: UTF8.self)

  /// A text that is too long to be told in full when a test fails.
  struct Text: CustomTestStringConvertible {
    let value: String
    var testDescription: String { value.unicodeScalars.prefix(12).map(\.debugDescription).joined() }

    init(_ value: String) { self.value = value }
  }

  private static let texts = [
    Sample.hostileText, broken, "]]>", "<!--", "<?xml?>", "&amp;&#27;", "\u{FFFE}\u{FFFF}",
    "\u{1FFFE}\u{10FFFF}", "\u{7F}\u{85}\u{9B}31m", "\u{202E}\u{2066}\u{200F}",
    "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦", "\r\n\t\u{2028}", "\u{0}", "", " ",
    String((0x01...0x1F).map { Character(Unicode.Scalar(UInt8($0))) }),
    String(repeating: "x", count: 10_000), String(repeating: "\u{1B}", count: 10_000),
    String(repeating: "<&\"'>", count: 20_000), String(repeating: "a\u{301}", count: 10_000),
  ].map(Text.init)

  @Test func `a file of five million bytes is one byte too long, and is cut`() {
    func count(_ body: Int) -> Int {
      TestSuites.bytes { limit in
        let size = limit == 256 * 1024 ? body : limit
        return Element("a", [:], String(repeating: "x", count: size))
      }.count
    }
    let around = count(1) - 1
    #expect(count(4_999_999 - around) == 4_999_999)
    #expect(count(5_000_000 - around) < 100_000)
  }

  @Test(arguments: texts)
  func `any text gives a file that reads back, with the same cases`(text: Text) throws {
    let (file, root) = try hostile(text.value)
    #expect(file.count < 5_000_000)
    let suites = root.children(named: "testsuite")
    #expect(suites.map { $0.children(named: "testcase").count } == [2, 3])
    #expect(root["failures"] == "4")
    for node in root.all {
      for name in ["name", "classname"] {
        #expect((node[name] ?? "").unicodeScalars.count <= 512)
      }
      for value in node.attributes.values {
        #expect(!value.unicodeScalars.contains { $0.isHostile || $0.value < 0x20 })
      }
    }
    let written = String(decoding: file, as: UTF8.self)
    #expect(!written.unicodeScalars.contains { $0.isHostile || $0 == "\r" })
  }

  @Test(
    .enabled(if: XMLSchema.jenkins != nil, "no jenkins-junit-10.xsd"), arguments: texts)
  func `any text gives a file that is valid for Jenkins`(text: Text) throws {
    let schema = try #require(XMLSchema.jenkins)
    #expect(try schema.errors(in: hostile(text.value).file) == [])
  }

  @Test func `names repeat no other and have at most 512 characters`() throws {
    var recording = Sample.passed
    for index in recording.phases.indices {
      recording.phases[index].title = String(repeating: "ramp ", count: 2000)
    }
    recording.planName = String(repeating: "p", count: 10_000)
    let root = try XMLNode.parse(
      junit(recording, Sample.passedJudgement, files: OutputFiles()))
    let suites = root.children(named: "testsuite")
    let names = suites[0].children(named: "testcase").compactMap { $0["name"] }
    #expect(Set(names).count == 2)
    #expect(names.allSatisfy { (500...512).contains($0.count) })
    #expect(Set(suites.compactMap { $0["name"] }).count == 2)
  }

  /// Half a path is none, and CI servers would find no file.
  @Test func `files are named whole where texts are cut`() throws {
    var judgement = Sample.thresholdJudgement
    judgement.thresholds = (0..<300).map { index in
      ThresholdResult(
        text: "connections >= \(index)", planLine: index, passed: false, value: 1,
        reason: String(repeating: "reason ", count: 20_000))
    }
    let page = String(repeating: "a-long-directory/", count: 10) + "report.html"
    let files = OutputFiles(html: page, directory: "/")
    let file = junit(Sample.passed, judgement, files: files)
    for file in [file, junit(merging: [PlanReport(plan: "p", path: "p.xml", junit: file)])] {
      let outputs = try XMLNode.parse(file).all.filter { $0.name == "system-out" }.map(\.text)
      #expect(outputs.count >= 300)
      #expect(outputs.allSatisfy { $0.contains("\(page)]]") })
    }
  }

  @Test func `five hundred thresholds are five hundred cases`() throws {
    var judgement = Sample.thresholdJudgement
    judgement.thresholds = (0..<500).map { index in
      ThresholdResult(
        text: String(repeating: "connections >= 1 ", count: 100), planLine: index,
        passed: index.isMultiple(of: 2), value: 1,
        reason: String(repeating: "reason ", count: 20_000))
    }
    let file = junit(Sample.passed, judgement, files: OutputFiles())
    #expect(file.count < 5_000_000)
    let suite = try XMLNode.parse(file).children(named: "testsuite")[1]
    let cases = suite.children(named: "testcase")
    #expect(Set(cases.compactMap { $0["name"] }).count == 500)
    #expect(suite["failures"] == "250")
    // Files of several such plans stay small together as well.
    let several = junit(
      merging: (0..<8).map { PlanReport(plan: "p\($0)", path: "p.xml", junit: file) })
    #expect(several.count < 5_000_000)
    #expect(try XMLNode.parse(several)["failures"] == "2000")
  }

  @Test func `one file stays under five megabytes`() {
    var recording = Sample.limited
    recording.limits[0].evidence = [Fact("log", String(repeating: "<&>", count: 2_000_000))]
    var judgement = Sample.limitedJudgement
    judgement.limit = recording.limits[0]
    judgement.broken = [BrokenPhase(phase: recording.phases[0], limit: recording.limits[0])]
    #expect(junit(recording, judgement, files: OutputFiles()).count < 5_000_000)
    let message = String(repeating: "error: <&>\n", count: 900_000)
    #expect(junit(invalidPlan: "p", message: message).count < 5_000_000)
  }
}
