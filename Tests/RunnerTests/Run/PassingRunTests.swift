import Foundation
import Recording
import Testing

/// A small plan from its start to its files.
@Suite(.tags(.realKernel)) struct PassingRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func writePlan(_ text: PlanText = PlanText()) throws {
    try workspace.write(text.on(network), to: "small.plan")
  }

  @Test func `passes, counts alike at both ends and leaves its files`() throws {
    try writePlan(
      PlanText(thresholds: ["connections >= ${goal}", "phantom == 0", "failures == 0"]))
    let (_, summary) = try workspace.summary(of: ["small.plan", "--set", "goal=1k"])

    #expect(summary.verdict == "passed")
    #expect(summary.exit == 0)
    #expect(summary.plan == "small")
    #expect(
      summary.connections
        == Summary.Connections(
          goal: 1000, established: 1000, accepted: 1000, phantom: 0, failures: 0))
    #expect(summary.limit == nil)
    #expect(summary.thresholds.map(\.passed) == [true, true, true])
    #expect(summary.thresholds.map(\.value) == [1000, 0, 0])
    #expect(
      workspace.files(in: "reports/small")
        == ["TEST-small.xml", "report.css", "report.html", "report.js", "run.recording"])
    #expect(
      summary.files
        == Summary.Files(
          recording: "reports/small/run.recording", html: "reports/small/report.html",
          junit: "reports/small/TEST-small.xml"))

    let junit = try workspace.junit(of: "small")
    #expect(junit.cases.count == 6)
    #expect(junit.cases(nil).count == 6)
    #expect(junit.properties["connections.max"] == "1000")
    let page = try workspace.text(of: "reports/small/report.html")
    #expect(page.contains("report.css"))
    #expect(page.contains("passed"))
  }

  @Test func `prints a summary of at most 20 lines that ends with verdict and report`() throws {
    try writePlan()
    let ending = try workspace.run(["run", "small.plan"])
    #expect(ending.exitCode == 0)
    let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 20)
    #expect(ending.output.contains("\npassed: 500 of 500 connections\n"))
    let last = try #require(lines.last { !$0.isEmpty })
    #expect(last.hasSuffix("reports/small/report.html"))
  }

  @Test func `a ramp that is slower than planned says so, and passes`() throws {
    try writePlan(
      PlanText(goal: "40000", phases: ["ramp: {to: 40k, rate: 10M/s}", "close: reset"]))
    let ending = try workspace.run(["small.plan"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("of 10,000,000/s planned: "))
    let ramp = try #require(workspace.recording(of: "small").phases.first)
    #expect(ramp.outcome == .done)
    #expect(ramp.remark.contains("planned"))
    #expect(try workspace.text(of: "reports/small/report.html").contains("/s planned: "))
  }

  @Test func `JSON has exactly the keys that are promised`() throws {
    try writePlan(PlanText(goal: "200", thresholds: ["connections >= 200"]))
    let ending = try workspace.run(["small.plan", "--json", "--quiet"])
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "version", "plan", "verdict", "exit", "started", "duration", "connections", "limit",
        "prediction", "connect", "messages", "rtt", "ceiling", "recovery", "memory", "cpu",
        "replay", "tls",
        "thresholds", "files", "limits", "phases", "gaps",
      ])
    func keys(_ name: String) -> Set<String> { Set((object[name] as? [String: Any] ?? [:]).keys) }
    #expect(
      keys("connections")
        == [
          "goal", "established", "accepted", "phantom", "failures", "unasked", "reconnected",
        ])
    #expect(keys("prediction") == ["connections", "resource"])
    #expect(keys("connect") == ["rate", "p50", "p90", "p99", "p99.9", "max"])
    #expect(keys("messages") == ["sent", "received", "lost", "unsent", "waits", "rate"])
    #expect(keys("memory") == ["kernel", "user"])
    #expect(keys("cpu") == ["user"])
    #expect(keys("files") == ["recording", "html", "junit"])
    let thresholds = try #require(object["thresholds"] as? [[String: Any]])
    #expect(Set(thresholds[0].keys) == ["text", "passed", "value"])
  }

  @Test func `the recording holds phases in order and never more than the goal`() throws {
    try writePlan(PlanText(goal: "1500"))
    let ending = try workspace.run(["small.plan"])
    #expect(ending.exitCode == 0)
    let recording = try workspace.recording(of: "small")

    #expect(recording.complete)
    #expect(recording.verdict == .passed)
    #expect(recording.phases.map(\.name) == ["ramp", "hold", "close"])
    #expect(recording.phases.allSatisfy { $0.outcome == .done })
    let instants = try recording.phases.flatMap {
      [try #require($0.started), try #require($0.ended)]
    }
    #expect(instants == instants.sorted())
    #expect(instants[0] >= 0)
    #expect(instants.last! <= recording.duration)
    let hold = try #require(recording.phases[1].duration)
    #expect(hold >= 0.3)

    for key in [Series.Key.established, .accepted] {
      let points = try #require(recording.series(key)).points
      #expect(points.count >= 4)
      #expect(points.allSatisfy { (0...1500).contains($0.value) })
      #expect(points.contains { $0.value == 1500 })
      #expect(points.last?.value == 0)
      #expect(points.map(\.at) == points.map(\.at).sorted())
    }
    #expect(recording.distribution(of: .connect).count == 1500)
    #expect(recording.workers.allSatisfy { $0.exitCode == 0 })
    #expect(recording.workers.filter { $0.end == .client }.map(\.connections).reduce(0, +) == 1500)
  }

  @Test func `runs five times without a pause, and keeps the earlier recordings`() throws {
    try writePlan()
    var starts: [String] = []
    for _ in 1...5 {
      let (_, summary) = try workspace.summary(of: ["small.plan"])
      #expect(summary.verdict == "passed")
      #expect(summary.connections.accepted == 500)
      starts.append(try #require(summary.started))
    }
    #expect(starts == starts.sorted())
    let kept = starts.dropLast().map { $0.filter { $0 != "-" && $0 != ":" } + ".recording" }
    #expect(workspace.files(in: "reports/small/history") == kept)
    for (name, start) in zip(kept, starts) {
      let path = workspace.url("reports/small/history/\(name)").path
      #expect(try Recording.read(from: path).started == start)
    }
    #expect(try workspace.recording(of: "small").started == starts.last)
  }

  @Test func `closes with FIN as well, and ramps again on the same ports`() throws {
    let phases = [
      "ramp: {to: 300, over: 100ms}", "close: {with: fin, over: 50ms}", "pause: 100ms",
      "ramp: {to: \"${goal}\"}", "close: reset",
    ]
    try writePlan(PlanText(goal: "600", phases: phases))
    let (_, summary) = try workspace.summary(of: ["small.plan"])
    #expect(summary.verdict == "passed")
    #expect(summary.connections.established == 600)
    let recording = try workspace.recording(of: "small")
    #expect(recording.phases.map(\.name) == ["ramp", "close", "pause", "ramp-2", "close-2"])
    #expect(recording.phases.map(\.established) == [300, 300, 0, 600, 600])
  }

  @Test func `writes reports where it is told to`() throws {
    try writePlan(PlanText(goal: "50"))
    let (_, summary) = try workspace.summary(
      of: ["small.plan", "--out", "o", "--junit", "ci/j.xml", "--html", "web/page.html"])
    #expect(summary.exit == 0)
    #expect(workspace.files(in: "o/small") == ["run.recording"])
    #expect(workspace.files(in: "ci") == ["j.xml"])
    #expect(workspace.files(in: "web") == ["page.html", "report.css", "report.js"])
    #expect(!workspace.exists("reports"))
    #expect(summary.files.junit == "ci/j.xml")
  }

  @Test func `a missed threshold is exit 99 and one failed case`() throws {
    try writePlan(PlanText(goal: "50", thresholds: ["connections >= 51", "phantom == 0"]))
    let (_, summary) = try workspace.summary(of: ["small.plan"])
    #expect(summary.exit == 99)
    #expect(summary.verdict == "failed")
    #expect(summary.thresholds.map(\.passed) == [false, true])
    let failures = try workspace.junit(of: "small").cases("failure")
    #expect(failures.map(\.name) == ["connections >= 51"])
    #expect(failures.first?.type == "threshold")
  }

  @Test func `records the seed, the overrides and the plan as it was meant`() throws {
    try writePlan()
    let ending = try workspace.run(["small.plan", "--set", "goal=60", "--seed", "7", "--quiet"])
    #expect(ending.exitCode == 0)
    let recording = try workspace.recording(of: "small")
    #expect(recording.seed == 7)
    #expect(recording.overrides == [Fact("goal", "60")])
    #expect(recording.planText == (try workspace.text(of: "small.plan")))
    #expect(recording.effectivePlan.contains("to: 60"))
    #expect(recording.planFile == "small.plan")
  }
}
