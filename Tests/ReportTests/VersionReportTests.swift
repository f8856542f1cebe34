import Foundation
import Judgement
import Plan
import Recording
import Report
import Testing

/// What earlier programs recorded is judged and shown as what this one does.
@Suite struct VersionReportTests {
  private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../RecordingTests/Versions").standardized

  /// Whatever stands there: the tests of recordings know what must.
  private static let versions =
    ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
    .filter { $0.hasSuffix(".recording") }.sorted()

  private func recording(_ name: String) throws -> Recording {
    try Recording.read(from: Self.directory.appendingPathComponent(name).path)
  }

  @Test func `there are recordings of earlier versions`() {
    #expect(Self.versions.starts(with: ["1.0.recording", "1.1.recording"]))
  }

  @Test(arguments: versions) func `it is judged by its own plan`(name: String) throws {
    let judgement = judge(try recording(name))
    #expect(judgement.verdict == .passed)
    #expect(judgement.exitCode == 0)
    #expect(judgement.headline == "passed: 200 of 200 connections")
    #expect(
      judgement.thresholds.map(\.text)
        == ["connections >= 200", "connect.p99 < 1s in ramp", "failures == 0"])
    #expect(judgement.thresholds.allSatisfy { $0.passed && $0.value != nil })
    let stricter = try judge(try recording(name), conditions: ["connections >= 201"])
    #expect(stricter.exitCode == 99)
  }

  @Test(arguments: versions) func `it is reported in every format`(name: String) throws {
    let recording = try recording(name)
    let judgement = judge(recording)
    let files = OutputFiles(recording: name, html: "report.html", junit: "j.xml")
    let text = summary(recording, judgement, files: files, colour: false)
    #expect(text.contains("200 of 200 established · 200 accepted · 0 phantom"))
    #expect(text.contains("3 of 3 passed"))
    let page = String(decoding: html(recording, judgement), as: UTF8.self)
    #expect(page.contains("200 of 200 connections"))
    #expect(page.contains("<svg"))
    let xml = String(decoding: junit(recording, judgement, files: files), as: UTF8.self)
    #expect(xml.contains("name=\"ramp to 200 at 1,000/s\""), "\(xml)")
    #expect(!xml.contains("<failure") && !xml.contains("<error"))
    for format in ExportFormat.allCases { #expect(!format.bytes(of: recording).isEmpty) }
  }

  @Test(arguments: versions) func `it is compared with what came later`(name: String) throws {
    let base = try recording(name)
    for later in Self.versions {
      let new = try recording(later)
      // Of so short a run the times tell nothing.
      let comparison = Comparison(base: base, new: new, tolerances: [:])
      let held = comparison.figures.first { $0.metric == .held && $0.phase == nil }
      #expect(held?.base == 200)
      #expect(held?.verdict == .same)
      #expect(comparisonText(comparison, base: base, new: new, colour: false).contains("200"))
    }
  }
}
