import Foundation
import Judgement
import Plan
import Recording
import Report
import Testing

/// Runs against a server whose kernel cannot be asked: what it accepted is not known, and no number
/// says it.
@Suite struct TargetTests {
  /// As such a run leaves it: zeros for the server end, and no worker there.
  private static func foreign(_ recording: Recording) -> Recording {
    var recording = recording
    recording.workers.removeAll { $0.end == .server }
    for index in recording.phases.indices {
      recording.phases[index].accepted = 0
      recording.phases[index].phantom = 0
    }
    recording.series.removeAll { $0.key.name == Series.Key.endpoint("").name }
    for index in recording.series.indices where recording.series[index].key == .accepted {
      for point in recording.series[index].points.indices {
        recording.series[index].points[point].value = 0
      }
    }
    for index in recording.limits.indices {
      recording.limits[index].end = .client
      recording.limits[index].accepted = 0
    }
    for index in recording.failures.indices {
      recording.failures[index].end = .client
      recording.failures[index].accepted = 0
    }
    return recording
  }

  private static let runs = [foreign(Sample.passed), foreign(Sample.limited)]

  private func judgement(_ recording: Recording) -> Judgement {
    judge(recording, thresholds: [])
  }

  @Test func `the worker's ends tell whose the server was`() {
    #expect(Sample.passed.hasServerCount)
    #expect(!Self.foreign(Sample.passed).hasServerCount)
    // Nothing was started: nothing says that it was not ours.
    #expect(Recording(planName: "p").hasServerCount)
  }

  @Test func `where nothing stands the run tells what was accepted`() {
    var recording = Self.foreign(Sample.passed)
    func phantoms(_ kind: PhaseKind) -> [Int?] {
      recording.phases.filter { $0.kind == kind }.map { Metrics(recording, phase: $0.name).phantom }
    }
    recording.phases.append(
      PhaseRecord(
        name: "close", kind: .close, title: "close", planLine: 9, started: 12, ended: 13,
        outcome: .done, established: 1000))
    recording.phases.append(
      PhaseRecord(
        name: "pause", kind: .pause, title: "pause", planLine: 10, started: 13, ended: 14,
        outcome: .done))
    #expect(phantoms(.close) == [nil])
    #expect(phantoms(.pause) == [nil])
    for index in recording.phases.indices where recording.phases[index].kind == .ramp {
      recording.phases[index].accepted = recording.phases[index].established
    }
    #expect(phantoms(.close) == [0])
    #expect(phantoms(.pause) == [0])
    #expect(phantoms(.ramp) == [0])
  }

  @Test(arguments: runs)
  func `JSON has null for what was not counted`(recording: Recording) throws {
    let text = jsonSummary(recording, judgement(recording), files: OutputFiles())
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let connections = try #require(object["connections"] as? [String: Any])
    #expect(connections["accepted"] is NSNull)
    #expect(connections["phantom"] is NSNull)
    #expect(connections["established"] as? Int == Metrics(recording).established)
  }

  @Test(arguments: runs)
  func `the terminal says that it is not known, and JUnit leaves it out`(recording: Recording) {
    let judgement = judgement(recording)
    let text = summary(recording, judgement, files: OutputFiles(), colour: false)
    let file = String(
      decoding: junit(recording, judgement, files: OutputFiles()), as: UTF8.self)
    for output in [text, file] { #expect(!output.contains("phantom")) }
    #expect(!file.contains("accepted"))
    #expect(
      text.contains(
        " established · accepted: not known; nothing was sent that would be answered\n"))
  }

  @Test(arguments: runs)
  func `the page has no number of it`(recording: Recording) throws {
    let page = try XMLNode.parse(html(recording, judgement(recording)), as: .html)
    // The tables' columns stay, with nothing in them.
    let cells = page.all.filter {
      $0.name == "td" && ["accepted", "phantom"].contains($0["data-key"])
    }
    #expect(!cells.isEmpty)
    #expect(cells.allSatisfy { $0.text == "–" && $0["data-value"] == nil })
    let others = page.all.filter { $0.children.isEmpty && $0.name != "th" }.map(\.text)
    #expect(others.filter { $0.lowercased().contains("accepted") } == ["Accepted"])
    #expect(others.contains("not known"))
    #expect(others.contains { $0.contains(" Established: ") })
  }

  @Test func `where its kernel was asked, what it accepted is said as of our own`() {
    var recording = Self.foreign(Sample.passed)
    recording.phases[0].accepted = 292
    recording.phases[0].phantom = 708
    let metrics = Metrics(recording)
    #expect(metrics.accepted == 292)
    #expect(metrics.phantom == 708)
    let text = summary(recording, judgement(recording), files: OutputFiles(), colour: false)
    #expect(text.contains(" established · 292 accepted · 708 phantom\n"))
  }

  @Test func `a phase in which it was not asked has no number of it`() throws {
    var recording = Self.foreign(Sample.passed)
    for index in 0..<2 { recording.phases[index].accepted = 50_000 }
    recording.phases.append(
      PhaseRecord(
        name: "close", kind: .close, title: "close", planLine: 9, started: 7, ended: 7.2,
        outcome: .done, established: 50_000))
    let page = try XMLNode.parse(html(recording, judgement(recording)), as: .html)
    func cells(_ key: String) -> [String?] {
      page.all.filter { $0.name == "td" && $0["data-key"] == key }.map { $0["data-value"] }
    }
    #expect(cells("accepted") == ["50000", "50000", nil])
    #expect(cells("phantom") == ["0", "0", nil])
  }

  @Test func `what the number usually is stands on a line of its own`() throws {
    var recording = Self.foreign(Sample.limited)
    recording.limits[0].evidence.append(Fact("a guess", "the server may have 1,024 descriptors"))
    let text = summary(recording, judgement(recording), files: OutputFiles(), colour: false)
    #expect(text.contains("  a guess           the server may have 1,024 descriptors\n"))
  }

  @Test func `runs that stop at the same number hint at a configured maximum`() {
    func run(_ held: Int, _ verdict: Verdict = .limit) -> RecordingSummary {
      RecordingSummary(planName: "p", started: "", verdict: verdict, held: held)
    }
    let guess = RecordingSummary.guess(of: [run(7), run(300), run(300), run(300)])
    #expect(
      guess == "the last 3 runs stopped at 300 connections each, so the server may have a "
        + "configured maximum")
    #expect(RecordingSummary.guess(of: [run(300), run(300)]) == nil)
    #expect(RecordingSummary.guess(of: [run(300), run(299), run(300)]) == nil)
    #expect(RecordingSummary.guess(of: [run(300), run(300), run(300, .passed)]) == nil)
    #expect(RecordingSummary.guess(of: []) == nil)
  }

  @Test func `costs a connection are shared among the ends that were ours`() throws {
    let both = Metrics(Sample.passed)
    let one = Metrics(Self.foreign(Sample.passed))
    #expect(one.userTime == 0.045 / 50_000)
    #expect(both.userTime == 0.075 / 100_000)
  }

  @Test(arguments: ["accepted >= 1", "phantom == 0"])
  func `a threshold on it fails for want of data`(text: String) throws {
    var recording = Self.foreign(Sample.passed)
    recording.planText = """
      target: 127.0.0.1:9000
      phases: [ramp: {to: 50k}]
      thresholds: [\(text)]
      """
    let judgement = judge(recording)
    #expect(judgement.exitCode == 99)
    #expect(
      judgement.thresholds.first?.reason == "no data: what the server has accepted is not known")
    #expect(judgement.thresholds.first?.value == nil)
  }
}
