import Foundation
import Judgement
import Plan
import Recording
import Testing

/// Plans that are made of several files.
@Suite(.tags(.realKernel)) struct IncludeRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  @Test func `a recording is judged without the files that its plan includes`() throws {
    try FileManager.default.createDirectory(
      at: workspace.url("plans"), withIntermediateDirectories: true)
    let base = """
      server: {listen: \(network.endpoint)}
      clients: {sources: \(network.sources())}
      thresholds: [connections >= 50]

      """
    try workspace.write(base, to: "plans/base.plan")
    try workspace.write(
      "include: base.plan\nphases: [ramp: {to: 50}, close: reset]\n", to: "plans/whole.plan")
    let (ending, summary) = try workspace.summary(of: ["plans/whole.plan"])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect(summary.thresholds.count == 1)

    try FileManager.default.removeItem(at: workspace.url("plans"))
    let recording = try workspace.recording(of: "whole")
    #expect(recording.attachments == [Attachment(name: "base.plan", content: Array(base.utf8))])
    let judgement = judge(recording)
    #expect(judgement.verdict == .passed)
    #expect(judgement.thresholds.map(\.text) == ["connections >= 50"])
  }

  @Test func `an error in an included file names that file`() throws {
    try FileManager.default.createDirectory(
      at: workspace.url("plans"), withIntermediateDirectories: true)
    try workspace.write("server: {listn: x}\n", to: "plans/base.plan")
    try workspace.write("include: base.plan\nphases: [hold: 1s]\n", to: "plans/whole.plan")
    let ending = try workspace.run(["plans/whole.plan"])
    #expect(ending.exitCode == 104)
    #expect(
      ending.errors.contains("plans/base.plan:1:10: error: unknown key 'listn' in server"),
      "\(ending.errors)")
  }
}
