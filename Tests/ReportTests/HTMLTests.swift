import Foundation
import Plan
import Recording
import Report
import Testing

@Suite struct HTMLTests {
  @Test(arguments: [false, true])
  func `an hour of samples fits into a megabyte`(limited: Bool) {
    let page = html(
      Large.recording(samples: 3_600, limited: limited), Large.judgement(limited: limited))
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
    try write(html(Large.recording(), Large.judgement()), "passed.html")
    try write(html(Large.recording(limited: true), Large.judgement(limited: true)), "limit.html")
    try write(
      html(Large.recording(samples: 3_600, limited: true), Large.judgement(limited: true)),
      "hour.html")
    for run in Run.all {
      try write(html(run.recording, run.judgement), "small-\(run.name).html")
    }
  }
}
