import Plan
import Report
import Simulation
import Testing

/// What the program makes of a recording that no real host has left.
@Suite struct SimulatedReportTests {
  @Test func `reports and exports are made of its recording like of any other`() throws {
    let workspace = try Workspace()
    let plan = try Plan.read(
      text: """
        server: {listen: "127.0.0.1:9000"}
        phases:
          - ramp: {to: 1000, rate: 1k/s}
          - churn: {rate: 200/s, lifetime: 500ms, for: 2s}
          - search: {from: 1000, step: 500, to: 2000, confirm: 2s}
          - close: {over: 1s}
        """, file: "simulated.plan", overrides: [:])
    _ = try SimulatedRun(
      plan, on: SimulatedHost(), seed: 1,
      recordingAt: workspace.url("simulated.recording").path)
    let (ending, summary) = try workspace.summary(of: ["report", "simulated.recording"])
    #expect(ending.exitCode == 0, "\(ending.errors)")
    #expect(summary.verdict == "passed")
    #expect(summary.connections.established == 2000)
    #expect(try JUnitFile(workspace.url("TEST-simulated.xml")).cases("failure").isEmpty)
    #expect(try workspace.text(of: "report.html").contains("2,000 connections"))
    for format in ExportFormat.allCases {
      let export = try workspace.run(["export", "simulated.recording", "--format", format.rawValue])
      #expect(export.exitCode == 0, "\(format): \(export.errors)")
      #expect(export.output.count > 200, "\(format)")
    }
  }
}
