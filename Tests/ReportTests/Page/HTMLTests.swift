import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

@Suite struct HTMLTests {
  @Test func `an hour of everything fits into a megabyte`() {
    let page = html(Hour.recording, judge(Hour.recording), earlier: Large.earlier)
    #expect(page.count < 1_000_000)
    #expect(page.count > 100_000)
  }

  /// Pages to look at: they stay where RUNNER_REPORT_PREVIEW says, and are thrown away without it.
  @Test func `pages can be looked at`() throws {
    let kept = ProcessInfo.processInfo.environment["RUNNER_REPORT_PREVIEW"]
    let folder =
      kept.map { URL(filePath: $0) }
      ?? FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { if kept == nil { try? FileManager.default.removeItem(at: folder) } }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: folder.appending(path: name))
    }
    try write(stylesheet, "report.css")
    try write(script, "report.js")
    try write(html(Large.recording(), Large.judgement(), earlier: Large.earlier), "passed.html")
    try write(
      html(Large.recording(limited: true), Large.judgement(limited: true), earlier: Large.earlier),
      "limit.html")
    try write(html(Hour.recording, judge(Hour.recording), earlier: Large.earlier), "hour.html")
    // To be timed with `runner report`; it is large, and nobody looks at it here.
    if kept != nil { try Hour.recording.write(to: folder.appending(path: "hour.recording").path()) }
    for run in Run.all {
      try write(html(run.recording, run.judgement), "small-\(run.name).html")
    }
  }

  @Test func `pages of memory are as long as the recorded host's`() {
    func pageSize(_ facts: [Fact]) -> Double {
      var recording = Sample.passed
      recording.host = facts
      return HTMLReport(recording, judge(recording)).pageSize
    }
    #expect(pageSize([Fact("page size", "64 KiB")]) == 65_536)
    #expect(pageSize([Fact("page size", Format.bytes(16_384))]) == 16_384)
    #expect(pageSize([]) == 4096)
  }
}
