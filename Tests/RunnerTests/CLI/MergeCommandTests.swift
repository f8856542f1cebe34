import Foundation
import Glibc
import Recording
import Testing

/// `runner merge RECORDING... -o FILE`
@Suite(.tags(.realKernel)) struct MergeCommandTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try Self.shard("a", started: "2026-01-02T03:04:05.000Z").write(to: path("a"))
    try Self.shard("b", started: "2026-01-02T03:04:05.500Z").write(to: path("b"))
  }

  private func path(_ name: String) -> String { workspace.url(name).path }

  private static func shard(_ host: String, started: String) -> Recording {
    Recording(planName: "p") {
      $0.planFile = "p.plan"
      $0.planText = """
        target: 127.0.0.1:9000
        phases: [{ramp: {to: 100}}]
        thresholds: [connections >= 200]

        """
      $0.started = started
      $0.duration = 4
      $0.hostname = host
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 100", planLine: 2, goal: 100, started: 0,
          ended: 4, outcome: .done, established: 100)
      ]
      $0.workers = [WorkerRecord(id: 0, end: .client, pid: 1)]
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge, points: [.init(at: 1, value: 100)])
      ]
    }
  }

  private var visible: [String] { workspace.files(in: ".").filter { !$0.hasPrefix(".") } }

  @Test func `the result is judged, reported, exported and compared like a run`() throws {
    let before = try Data(contentsOf: workspace.url("a"))
    let merged = try workspace.run(["merge", "a", "b", "-o", "whole/c.recording"])
    #expect(merged.exitCode == 0)
    #expect(merged.errors.isEmpty)
    #expect(
      merged.output
        == "whole/c.recording: 2 recordings of p\npassed: 200 of 200 connections\n")
    #expect(workspace.files(in: "whole") == ["c.recording"])
    #expect(try Data(contentsOf: workspace.url("a")) == before)
    let whole = try Recording.read(from: path("whole/c.recording"))
    #expect(whole.verdict == .passed)
    #expect(whole.thresholds.map(\.passed) == [true])

    // Neither of the two would have passed.
    #expect(try workspace.run(["report", "a", "--out", "alone"]).exitCode == 99)
    let (_, summary) = try workspace.summary(of: ["report", "whole/c.recording"])
    #expect(summary.verdict == "passed")
    #expect(summary.connections.goal == 200)
    #expect(try JUnitFile(workspace.url("whole/TEST-p.xml")).cases("failure").isEmpty)
    let csv = try workspace.run(["export", "whole/c.recording", "--format", "csv"])
    #expect(csv.output.contains("\r\n1.5,200"), "\(csv.output)")
    #expect(
      try workspace.run(["compare", "whole/c.recording", "whole/c.recording"]).exitCode == 0)
  }

  @Test func `two runs at the same time against one server merge into one`() throws {
    let network = try Loopback()
    let server = try workspace.start(["serve", "--listen", network.endpoint])
    #expect(server.wait { server.errorsSoFar.contains("room for ") })
    var plan = PlanText(
      goal: "300", target: network.endpoint, clients: "processes: 2",
      phases: ["ramp: {to: \"${goal}\", rate: 1k/s}", "hold: 5s", "close: reset"])
    plan.thresholds = ["connections >= 600"]
    try workspace.write(plan.on(network, sources: "\"${sources}\""), to: "half.plan")
    let runs = try [network.sources(), "\(network.source(9))-\(network.source(12))"].map {
      try workspace.start([
        "half.plan", "--set", "sources=\($0)", "--out", "out-\($0.hashValue)", "--quiet",
      ])
    }
    for run in runs { #expect(run.wait().exitCode == 99) }
    server.signal(SIGINT)
    _ = server.wait()

    let shards = visible.filter { $0.hasPrefix("out-") }.map { "\($0)/half/run.recording" }
    let merged = try workspace.run(["merge"] + shards + ["-o", "whole.recording"])
    #expect(merged.exitCode == 0, "\(merged.errors)")
    #expect(merged.errors.contains("warning: was run with other --set values"))
    #expect(merged.output.hasSuffix("passed: 600 of 600 connections\n"))
    let whole = try Recording.read(from: path("whole.recording"))
    #expect(Set(whole.workers.map(\.id)).count == 4)
    #expect(whole.series(.established)?.points.contains { $0.value == 600 } == true)
    #expect(whole.distribution(of: .connect).count == 600)
    #expect(try workspace.run(["report", "whole.recording"]).exitCode == 0)
    // One host drives what both have.
    let again = try workspace.start(["serve", "--listen", network.endpoint])
    #expect(again.wait { again.errorsSoFar.contains("room for ") })
    let (ending, summary) = try workspace.summary(of: ["replay", "whole.recording"])
    #expect(ending.exitCode == 0, "\(ending.errors)")
    #expect(summary.connections.established == 600)
    #expect(summary.connections.goal == 600)
    again.signal(SIGINT)
    _ = again.wait()
  }

  @Test func `a recording that was cut off makes an incomplete whole`() throws {
    var cut = Self.shard("b", started: "2026-01-02T03:04:05.500Z")
    cut.complete = false
    try cut.write(to: path("cut"))
    let merged = try workspace.run(["merge", "a", "cut", "-o", "c"])
    #expect(merged.exitCode == 0)
    #expect(merged.errors.contains("cut: warning: the recording is incomplete"))
    #expect(merged.output.contains("incomplete recording: ends 4.5 s into the run"))
    #expect(try workspace.run(["report", "c", "--out", "out"]).exitCode == 1)
  }

  @Test func `what is no shard of the run is exit 64, unless it is forced`() throws {
    var other = Self.shard("b", started: "2026-01-02T03:04:05.500Z")
    other.planText += "# another\n"
    try other.write(to: path("other"))
    let ending = try workspace.run(["merge", "a", "other", "-o", "c"])
    #expect(ending.exitCode == 64)
    #expect(
      ending.errors
        == "runner: other: has another plan than a; --force merges them all the same\n")
    #expect(!workspace.exists("c"))
    #expect(try workspace.run(["merge", "a", "other", "-o", "c", "--force"]).exitCode == 0)
    let twice = try workspace.run(["merge", "a", "b", "a", "-o", "d", "--force"])
    #expect(twice.exitCode == 64)
    #expect(twice.errors.contains("a: is there already"))
  }

  @Test func `nothing is overwritten, and nothing half is left`() throws {
    let before = try Data(contentsOf: workspace.url("b"))
    for output in ["b", "a"] {
      let ending = try workspace.run(["merge", "a", "b", "-o", output])
      #expect(ending.exitCode == 107)
      #expect(ending.errors.contains("A file exists already at \(output)"))
    }
    #expect(try Data(contentsOf: workspace.url("b")) == before)
    let nowhere = try workspace.run(["merge", "a", "b", "-o", "a/c"])
    #expect(nowhere.exitCode == 107)
    #expect(nowhere.errors.contains("a/c cannot be written"), "\(nowhere.errors)")
    #expect(visible == ["a", "b"])
  }

  @Test(arguments: [[], ["a", "-o", "c"], ["a", "b"], ["a", "b", "-o", "c", "--bogus"]])
  func `a wrong command line is exit 64`(arguments: [String]) throws {
    let ending = try workspace.run(["merge"] + arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.errors.hasPrefix("Error: "))
  }

  @Test func `what cannot be read is exit 1`() throws {
    try workspace.write("not SQLite", to: "odd")
    let ending = try workspace.run(["merge", "a", "odd", "-o", "c"])
    #expect(ending.exitCode == 1)
    #expect(ending.errors == "runner: The file odd is not a recording.\n")
    #expect(visible == ["a", "b", "odd"])
  }

  @Test func `help has an example`() throws {
    let ending = try workspace.run(["merge", "--help"])
    #expect(ending.output.contains("runner merge east/run.recording west/run.recording"))
  }
}
