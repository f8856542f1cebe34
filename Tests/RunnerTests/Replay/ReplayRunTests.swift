import Foundation
import Judgement
import Plan
import Recording
import Testing

/// Runs that are driven again.
@Suite(.tags(.realKernel)) struct ReplayRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func record(_ text: PlanText, shell: String? = nil) throws {
    try workspace.write(text.on(network), to: "first.plan")
    _ = try workspace.summary(of: ["first.plan"], shell: shell)
  }

  private func replay(
    _ arguments: [String] = [], shell: String? = nil
  ) throws -> (summary: Summary, recording: Recording) {
    let all = ["replay", "reports/first/run.recording"] + arguments
    let summary = try workspace.summary(of: all, shell: shell).1
    return (summary, try workspace.recording(of: "first-replay"))
  }

  @Test func `drives the same arrivals from the same sources, and says how closely`() throws {
    try record(
      PlanText(goal: "2k", phases: ["ramp: {to: \"${goal}\", rate: 4k/s}", "close: reset"]))
    let original = try workspace.recording(of: "first")
    #expect(original.driven()?[0]?.count == 2000)
    let (summary, again) = try replay()
    #expect(summary.verdict == "passed")
    #expect(summary.connections.established == 2000)
    #expect(again.seed == original.seed)
    let record = try #require(again.replay)
    #expect(record.original == "reports/first/run.recording")
    #expect(record.originalStarted == original.started)
    let fidelity = try #require(record.fidelity)
    #expect(fidelity.arrivals == 2000)
    #expect(fidelity.missed == 0)
    #expect(fidelity.late != nil)
    for name in original.series(named: "source.established").map(\.key) {
      #expect(again.series(name)?.maximum == original.series(name)?.maximum)
    }
    #expect(
      workspace.files(in: "reports/first-replay")
        == ["TEST-first-replay.xml", "report.css", "report.html", "report.js", "run.recording"])
  }

  @Test func `prints fidelity and a comparison`() throws {
    try record(PlanText(goal: "300"))
    let ending = try workspace.run(["replay", "reports/first/run.recording"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("  fidelity          300 arrivals · p50 "))
    #expect(ending.output.contains("\nwhole run "))
    let page = try workspace.text(of: "reports/first-replay/report.html")
    #expect(page.contains("A replay of reports/first/run.recording of "))
    #expect(page.contains(": 300 arrivals, p50 "))
  }

  @Test func `goes on as planned beyond the limit that ended the original`() throws {
    let plan = PlanText(
      goal: "900", server: "processes: 4", clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: 5k/s}", "close: reset"])
    let few = "ulimit -n 300; exec \"$0\" \"$@\""
    try record(plan, shell: few)
    let original = try workspace.recording(of: "first")

    let same = try replay(shell: few)
    #expect(same.summary.limit?.errno?.name == "EMFILE")
    // How many stood at the instant of the failure depends on the handshakes that were under way.
    #expect(same.recording.phases.first?.promise == original.phases.first?.promise)

    let raised = try replay()
    #expect(raised.summary.verdict == "passed")
    #expect(raised.summary.connections.established == 900)
    let comparison = try workspace.run([
      "compare", "reports/first/run.recording", "reports/first-replay/run.recording",
    ])
    #expect(comparison.output.contains("RLIMIT_NOFILE"), "\(comparison.output)")
  }

  @Test func `takes more processes than the original where it must`() throws {
    try record(PlanText(goal: "900", phases: ["ramp: {to: 900, rate: 5k/s}", "close: reset"]))
    let (summary, again) = try replay(shell: "ulimit -n 300; exec \"$0\" \"$@\"")
    #expect(summary.connections.accepted == 900)
    #expect(again.workers.count { $0.end == .client } >= 4)
    #expect(again.replay?.fidelity?.missed == 0)
  }

  @Test func `faster, the same arrivals take less time`() throws {
    try record(
      PlanText(
        goal: "400", phases: ["ramp: {to: 400, rate: 100/s}", "hold: 300ms", "close: reset"]))
    let (_, again) = try replay(["--speed", "4x"])
    #expect(again.replay?.speed == 4)
    #expect(again.replay?.fidelity?.missed == 0)
    let last = try #require(again.driven()?[0]?.arrivals.last)
    let original = try #require(workspace.recording(of: "first").driven()?[0]?.arrivals.last)
    #expect(Double(last.tick) < 0.6 * Double(original.tick))
    #expect(again.phases[1].title == "hold for 75 ms")
  }

  @Test func `of a faster replay the original is replayed`() throws {
    try record(PlanText(phases: ["churn: {rate: 200/s, lifetime: 200ms, for: 1s}"]))
    #expect(try replay(["--speed", "4x"]).recording.driven()?[0]?.count == 200)
    let twice = try workspace.run(["replay", "reports/first-replay/run.recording"])
    #expect(twice.exitCode != 0)
    #expect(twice.errors.contains("of a replay at 4x the speed"))
    #expect(twice.errors.contains("reports/first/run.recording, with --speed 4x instead"))
  }

  @Test func `begins with a phase, with what was held before it`() throws {
    var plan = PlanText(
      goal: "500",
      phases: [
        "ramp: {to: 500, rate: 2k/s}", "hold: {for: 200ms, messages: once}",
        "churn: {rate: 200/s, lifetime: 100ms, for: 500ms, tolerate: 50%}",
        "close: reset",
      ],
      thresholds: ["connect.p99 < 10s in ramp", "failures == 0", "messages.lost == 0"])
    plan.rest = ["messages: {once: {rate: 100/s, send: \"{connection}\\n\"}}"]
    try record(plan)
    let (summary, again) = try replay(["--from-phase", "churn"])
    #expect(summary.verdict == "passed")
    #expect(again.phases.map(\.name) == ["catch-up", "churn", "close"])
    #expect(again.phases[0].established == 500)
    #expect(again.driven()?[1]?.count == 100)
    #expect(again.replay?.fidelity?.arrivals == 100)
    #expect(again.replay?.fidelity?.missed == 0)
    // What was left out is not judged.
    #expect(summary.thresholds.map(\.text) == ["failures == 0"])
    let twice = try workspace.run(["replay", "reports/first-replay/run.recording"])
    #expect(twice.exitCode != 0)
    #expect(twice.errors.contains("reports/first/run.recording, with --from-phase churn instead"))
  }

  @Test func `messages are sent again`() throws {
    var plan = PlanText(
      goal: "100",
      phases: ["ramp: {to: 100, rate: 1k/s}", "hold: {for: 1s, messages: beat}", "close: reset"])
    plan.rest = ["messages: {beat: {every: 500ms, send: \"{connection} {random:8}\\n\"}}"]
    try record(plan)
    let (summary, again) = try replay()
    #expect(summary.messages["sent"] == 200)
    #expect(again.replay?.fidelity?.messages == 200)
    #expect(again.replay?.fidelity?.messagesMissed == 0)
  }

  @Test func `a recording of a stranger leads to no stranger`() throws {
    try record(PlanText(goal: "50"))
    var recording = try workspace.recording(of: "first")
    let server = "server: {listen: \(network.endpoint)}"
    recording.planText = recording.planText.replacing(server, with: "target: 192.0.2.1:9000")
    recording.effectivePlan = try Plan.read(text: recording.planText, file: "first.plan").effective
    try recording.write(to: workspace.url("foreign.recording").path)
    let first = ["reports/first/run.recording", "--target", "192.0.2.1:9"]
    for arguments in [["foreign.recording"], first] {
      let ending = try workspace.run(["replay"] + arguments)
      #expect(ending.exitCode == 104)
      #expect(ending.errors.contains("192.0.2.1"), "\(ending.errors)")
      #expect(ending.errors.contains("--allow-public lets connections go there"))
    }
  }

  @Test func `what cannot be driven again says why`() throws {
    try record(PlanText(goal: "50"))
    let path = "reports/first/run.recording"
    let unknown = try workspace.run(["replay", path, "--from-phase", "rampp"])
    #expect(unknown.exitCode == 1)
    #expect(unknown.errors.contains("has no phase 'rampp' (did you mean 'ramp'?)"))
    let absent = try workspace.run(["replay", "nowhere.recording"])
    #expect(absent.exitCode == 1)
    #expect(absent.errors.contains("There is no recording at nowhere.recording"))
    let speed = try workspace.run(["replay", path, "--speed", "fast"])
    #expect(speed.exitCode == 64)

    var recording = try workspace.recording(of: "first")
    recording.drive = []
    try recording.write(to: workspace.directory.appendingPathComponent("old.recording").path)
    let old = try workspace.run(["replay", "old.recording"])
    #expect(old.exitCode == 1)
    #expect(old.errors.contains("says nothing of what was driven"))
  }
}
