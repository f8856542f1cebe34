import Foundation
import Plan
import Recording
import Report
import Testing

/// Runs against someone else's server: what it accepted is not known, so nothing may say it.
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
    #expect(Sample.passed.countsServer)
    #expect(!Self.foreign(Sample.passed).countsServer)
    // Nothing was started: nothing says that it was not ours.
    #expect(Recording(planName: "p").countsServer)
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
  func `terminal and JUnit leave it out`(recording: Recording) {
    let judgement = judgement(recording)
    let text = summary(recording, judgement, files: OutputFiles(), colour: false)
    let file = String(
      decoding: junit(recording, judgement, files: OutputFiles()), as: UTF8.self)
    for output in [text, file] {
      #expect(!output.contains("accepted"))
      #expect(!output.contains("phantom"))
    }
    #expect(text.contains(" established\n"))
  }

  @Test(arguments: runs)
  func `the page leaves it out`(recording: Recording) throws {
    let page = try XMLNode.parse(html(recording, judgement(recording)), as: .html)
    // The tables' columns stay, with nothing in them.
    let cells = page.all.filter {
      $0.name == "td" && ["accepted", "phantom"].contains($0["data-key"])
    }
    #expect(!cells.isEmpty)
    #expect(cells.allSatisfy { $0.text == "–" && $0["data-value"] == nil })
    let others = page.all.filter { $0.children.isEmpty && $0.name != "th" }.map(\.text)
    #expect(!others.contains { $0.lowercased().contains("accepted") })
    #expect(others.contains { $0.contains(" Established: ") })
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
    #expect(judgement.thresholds.first?.reason == "no data: the server is someone else's")
    #expect(judgement.thresholds.first?.value == nil)
  }
}
