import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

@Suite struct SanitiserTests {
  @Test(arguments: Run.all)
  func `no output carries a character that drives terminals or reorders text`(run: Run) {
    let outputs = [
      String(decoding: junit(run.recording, run.judgement, files: run.files), as: UTF8.self),
      String(decoding: html(run.recording, run.judgement), as: UTF8.self),
      summary(run.recording, run.judgement, files: run.files, colour: false),
      jsonSummary(run.recording, run.judgement, files: run.files),
    ]
    for output in outputs {
      #expect(!output.unicodeScalars.contains { $0.isHostile || $0 == "\r" })
    }
  }

  @Test func `a plan that resumes sessions has a share, also where none was resumed`() {
    let run = Run.named("passed")
    var recording = run.recording
    func text() -> String {
      summary(recording, run.judgement, files: run.files, colour: false)
        + String(decoding: html(recording, run.judgement), as: UTF8.self)
    }
    recording.distributions.append(
      DistributionRecord(
        latency: .secure, phase: "ramp", from: 0, to: 2,
        distribution: Distribution(buckets: [.init(value: 40_000, count: 9)])))
    recording.series.append(Sample.counter(.secured, "handshakes", [0, 9, 9]))
    #expect(!text().contains("resumed"))
    recording.series.append(Sample.counter(.resumed, "handshakes", [0, 0, 0]))
    #expect(text().components(separatedBy: "0% resumed").count == 3)
  }

  @Test func `hostile text stays text`() throws {
    let run = Run.named("hostile")
    let page = try XMLNode.parse(html(run.recording, run.judgement), as: .html)
    #expect(!page.all.contains { $0.name == "script" && $0["src"] != "report.js" })
    let heading = try #require(page.all.first { $0.name == "h1" })
    #expect(heading.text.hasPrefix("</pre><script>alert(1)</script>\u{FFFD}[31m"))
  }

  @Test func `text of any length leaves page, summary and JUnit short`() throws {
    let text = String(repeating: "long <name> ", count: 10_000)
    var recording = Sample.hostile
    recording.planName = text
    recording.planFile = text
    recording.hostname = text
    recording.started = text
    recording.programVersion = text
    recording.effectivePlan = text
    recording.fault = text
    recording.host = (0..<20).map { Fact("\($0)" + text, text) }
    recording.overrides = recording.host
    for index in recording.phases.indices {
      recording.phases[index].name = "\(index)" + text
      recording.phases[index].title = text
      recording.phases[index].remark = text
    }
    recording.series += (0..<20).flatMap { index in
      [
        Series.Key.source("\(index)" + text), .endpoint("\(index)" + text),
        .init("\(index)" + text),
      ]
      .map { Sample.gauge($0, text, [1, 2]) }
    }
    recording.failures[0].syscall = text
    recording.limits[0].fix = text
    recording.limits[0].evidence = recording.host
    var judgement = Sample.hostileJudgement
    judgement.headline = text
    judgement.limit = recording.limits[0]
    judgement.thresholds[0].text = text
    judgement.thresholds[0].reason = text
    let comparison = Comparison(base: recording, new: recording)
    let earlier = EarlierRuns(
      base: recording, comparison: comparison,
      history: [RecordingSummary(planName: text, started: text, held: 1, limit: text)])
    #expect(html(recording, judgement, earlier: earlier).count < 1_000_000)
    let files = OutputFiles(recording: text, html: text, junit: text)
    let terminal = summary(recording, judgement, files: files, colour: false)
    #expect(terminal.count < 20_000)
    #expect(terminal.split(separator: "\n").count <= 20)
    #expect(junit(recording, judgement, files: files).count < 5_000_000)
  }

  @Test(arguments: [
    ("20/s of 50/s planned: busy", "slow"), ("1,000/s of 2,000/s messages planned: busy", "slow"),
    ("3 answers to ping were wrong: 9/s of 9/s planned: x", "note"),
    ("2 connections were told something unasked: 'no planned: x'", "note"), ("", "note"),
  ])
  func `what a peer said is not taken for a remark on the pace`(remark: String, kind: String) {
    var recording = Sample.passed
    recording.phases[0].remark = remark
    let lines = summary(recording, Sample.passedJudgement, files: OutputFiles(), colour: false)
      .split(separator: "\n").map { $0.split(separator: " ").first ?? "" }
    #expect(lines.contains(kind[...]) == !remark.isEmpty, "\(lines)")
    #expect(!lines.contains(kind == "slow" ? "note" : "slow"))
  }

  @Test func `one cause in several phases is one in the summary`() {
    var recording = Sample.limited
    var later = recording.failures[0]
    (later.phase, later.count) = ("hold", 30)
    recording.failures.append(later)
    recording.phases[1].failures = 30
    let text = summary(
      recording, Sample.limitedJudgement, files: OutputFiles(recording: "r", html: "h", junit: "j"),
      colour: false)
    #expect(text.contains("42 · server accept4 EMFILE × 42\n"), "\(text)")
  }

  @Test func `kinds of failures that the summary does not name are counted`() {
    var recording = Sample.limited
    func text(_ more: (call: String, count: Int)...) -> String {
      for (call, count) in more {
        var other = recording.failures[0]
        (other.syscall, other.count) = (call, count)
        recording.failures.append(other)
      }
      return summary(
        recording, Sample.limitedJudgement,
        files: OutputFiles(recording: "r", html: "h", junit: "j"), colour: false)
    }
    #expect(text(("closed", 3)).contains("EMFILE × 12 · server closed EMFILE × 3\n"))
    #expect(text(("read", 1)).contains("closed EMFILE × 3 · 1 more kind × 1\n"))
    #expect(text(("write", 2)).contains("closed EMFILE × 3 · 2 more kinds × 3\n"))
  }

  @Test(arguments: [
    ("plain", "plain"), ("é 漢字 🙂", "é 漢字 🙂"), ("a\tb\nc", "a\tb\nc"), ("a\r\nb", "a\nb"),
    ("a\rb", "a\u{FFFD}b"), ("\u{1B}[2J", "\u{FFFD}[2J"), ("\u{0}\u{FFFF}", "\u{FFFD}\u{FFFD}"),
    ("\u{202E}gpj", "\u{FFFD}gpj"),
  ])
  func `forbidden characters are replaced and all others kept`(text: String, clean: String) {
    #expect(sanitised(text) == clean)
  }

  @Test func `a cut text says how much is missing`() {
    #expect(truncated("abcdef", to: 6) == "abcdef")
    #expect(truncated("abcdef", to: 2) == "ab\n[4 more characters]")
  }
}

@Suite struct WordingTests {
  @Test func `a run is told by its day, its length and its host`() {
    var recording = Recording(planName: "p") {
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 125
      $0.hostname = "box\u{1B}"
    }
    #expect(recording.circumstances == ["2026-01-02 03:04:05 UTC", "2 min 05 s", "box\u{FFFD}"])
    recording.started = "today"
    recording.hostname = ""
    #expect(recording.circumstances == ["today", "2 min 05 s"])
  }
}

@Suite struct SummaryTests {
  private static let dozens = (0..<40).map {
    ThresholdResult(
      text: "connections >= \($0)k", planLine: $0, passed: false, value: 0, reason: "0")
  }

  @Test(arguments: Run.all)
  func `at most twenty lines, the last of them the way to the report`(run: Run) throws {
    var judgement = run.judgement
    judgement.thresholds += Self.dozens
    let text = summary(run.recording, judgement, files: run.files, colour: false)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(lines.count <= 20)
    #expect(try #require(lines.last).hasSuffix("reports/run/report.html"))
  }

  @Test func `the limit's fix stands right above the report`() {
    let run = Run.named("limit")
    let lines = summary(run.recording, run.judgement, files: run.files, colour: false)
      .split(separator: "\n")
    #expect(lines.suffix(3).first?.hasPrefix("limit reached: 19,936 of 1,000,000") == true)
    #expect(lines.suffix(2).first?.hasSuffix("ulimit -n 1000064") == true)
  }

  @Test func `colours are nothing but colours`() throws {
    let run = Run.named("limit")
    let coloured = summary(run.recording, run.judgement, files: run.files, colour: true)
    let plain = summary(run.recording, run.judgement, files: run.files, colour: false)
    #expect(coloured != plain)
    #expect(coloured.replacing(try Regex("\u{1B}\\[[0-9;]*m"), with: "") == plain)
  }
}

@Suite struct JSONTests {
  @Test(arguments: Run.all)
  func `the summary is one line that any parser reads back`(run: Run) throws {
    let text = jsonSummary(run.recording, run.judgement, files: run.files)
    #expect(!text.contains("\n"))
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(object?["plan"] as? String == run.recording.planName)
    #expect(object?["exit"] as? Int == Int(run.judgement.exitCode))
  }

  @Test func `keys keep their order and numbers stay numbers`() {
    let value = JSON.object([
      "z": .number(.infinity), "a": .number(21_000),
      "m": .array([.number(0.5), .null, .bool(true)]),
    ])
    #expect(value.encoded == #"{"z": null, "a": 21000, "m": [0.5, null, true]}"#)
  }

  @Test func `text is escaped without losing any of it`() {
    #expect(JSON.text("\"\\\n\u{1B}\u{202E}é").encoded == #""\"\\\n\u001b\u202eé""#)
  }
}
