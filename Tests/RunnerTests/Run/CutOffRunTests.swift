import Foundation
import Recording
import Testing

@testable import Runner

/// Runs that never come to their end, and what CI finds of them.
@Suite(.tags(.realKernel), .serialized) struct CutOffRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    try workspace.write(PlanText(goal: "50").on(network), to: "a.plan")
  }

  /// The plan with a hold that only a signal ends.
  private func makeLong() throws {
    let long = PlanText(
      goal: "50", phases: ["ramp: {to: 50}", "hold: 60s"], thresholds: ["connections >= 50"])
    try workspace.write(long.on(network), to: "a.plan")
  }

  private func startLong(_ arguments: [String] = [], shell: String? = nil) throws -> RunningProgram
  {
    try makeLong()
    let program = try workspace.start(["a.plan", "--progress", "plain"] + arguments, shell: shell)
    #expect(program.wait { program.errorsSoFar.contains("hold for") }, "\(program.errorsSoFar)")
    return program
  }

  @Test func `a run that is killed leaves no report of the run before, but the truth`() throws {
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    #expect(try workspace.junit(of: "a").cases("error").isEmpty)
    #expect(workspace.exists("reports/a/report.html"))

    let program = try startLong()
    #expect(
      program.wait { (try? workspace.recording(of: "a").phases[1].started) ?? nil != nil })
    program.signal(SIGKILL)
    _ = program.wait(atMost: .seconds(20))
    let errors = try workspace.junit(of: "a").cases("error")
    #expect(errors.count == 1)
    #expect(errors.first?.message?.contains("the run did not finish") == true)
    #expect(!workspace.exists("reports/a/report.html"))
    // What it was doing when it ended is no phase that was never begun.
    let recording = try workspace.recording(of: "a")
    #expect(recording.phases.map(\.outcome) == [.done, .interrupted])
  }

  @Test func `the second of two runs in one directory is refused, and harms nothing`() throws {
    let first = try startLong()
    let report = try workspace.text(of: "reports/a/TEST-a.xml")
    let second = try workspace.run(["a.plan", "--json"])
    #expect(second.exitCode == 107)
    #expect(
      second.errors.contains("process \(first.id) is writing to reports/a"), "\(second.errors)")
    #expect(try workspace.text(of: "reports/a/TEST-a.xml") == report)
    #expect(workspace.files(in: "reports/a/history").isEmpty)
    first.signal(SIGTERM)
    #expect(first.wait().exitCode == 105)
    #expect(try workspace.recording(of: "a").interrupted)
    // The lock is gone with the process.
    try workspace.write(PlanText(goal: "50").on(network), to: "a.plan")
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
  }

  @Test func `a terminal that goes ends the run in order`() throws {
    let program = try startLong()
    program.signal(SIGHUP)
    #expect(program.wait(atMost: .seconds(30)).exitCode == 105)
    #expect(try workspace.recording(of: "a").interrupted)
    let junit = try workspace.junit(of: "a")
    #expect(junit.cases("error").map(\.type) == ["interrupted"])
    // What held so far is no threshold that has passed.
    let threshold = try #require(junit.cases.first { $0.name == "connections >= 50" })
    #expect(threshold.outcome == "skipped")
    #expect(threshold.message?.contains("not judged: the run was interrupted") == true)
    let report = try workspace.run(["report", "reports/a/run.recording"])
    #expect(report.output.contains("1 not judged: the run was interrupted"), "\(report.output)")
    #expect(!report.output.contains("1 of 1 passed"))
    let summary = try workspace.run(["report", "reports/a/run.recording", "--json"])
    #expect(try Summary(summary).thresholds.map(\.passed) == [nil])
  }

  @Test func `under nohup a terminal that goes ends nothing`() throws {
    let program = try startLong(shell: "trap '' HUP; exec \"$0\" \"$@\"")
    program.signal(SIGHUP)
    // Two at once would end it before the reports.
    program.signal(SIGTERM)
    #expect(program.wait(atMost: .seconds(30)).exitCode == 105)
    let errors = try workspace.junit(of: "a").cases("error")
    #expect(errors.map(\.type) == ["interrupted"])
  }

  /// As timeout(1) does: the program first, then the group that it is in, its workers among them.
  @Test func `one request that comes twice, and to the workers too, is one request`() throws {
    let program = try startLong()
    let workers = ProcessTable.children(of: program.id)
    program.signal(SIGTERM)
    for worker in workers { kill(worker.id, SIGTERM) }
    program.signal(SIGTERM)
    #expect(program.wait(atMost: .seconds(30)).exitCode == 105)
    let recording = try workspace.recording(of: "a")
    #expect(recording.complete)
    #expect(recording.limits.isEmpty, "\(recording.limits)")
    #expect(recording.workers.allSatisfy { $0.exitCode == 0 })
  }

  // MARK: Files that cannot be written

  @Test(
    .enabled(if: geteuid() == 0, "needs a mount namespace"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare"), "no unshare"))
  func `a disk that is full ends the run in order, and takes no result with it`() throws {
    try makeLong()
    try FileManager.default.createDirectory(
      at: workspace.url("reports"), withIntermediateDirectories: true)
    let full =
      "exec unshare -m sh -c 'mount -t tmpfs -o size=1m none reports && exec \"$0\" \"$@\"' \"$0\" \"$@\""
    let started = try workspace.run(
      ["a.plan", "--json", "--junit", "out/a.xml", "--html", "out/a.html"], shell: full)
    #expect(started.exitCode == 107)
    let summary = try Summary(started)
    #expect(summary.exit == 107)
    #expect(summary.verdict == "error")
    #expect(summary.connections.established == 50)
    #expect(
      started.errors.contains("cannot be written: database or disk is full"), "\(started.errors)")
    let errors = try JUnitFile(workspace.url("out/a.xml")).cases("error")
    #expect(errors.count == 1)
    #expect(errors.first?.message?.contains("disk is full") == true)
    #expect(try workspace.text(of: "out/a.html").contains("disk is full"))
  }

  @Test func `where a report cannot be written, nothing is run for it`() throws {
    try workspace.write("in the way", to: "file")
    try FileManager.default.createDirectory(
      at: workspace.url("directory"), withIntermediateDirectories: true)
    for (options, reason) in [
      (["--junit", "directory"], "directory: it is a directory"),
      (["--html", "directory"], "directory: it is a directory"),
      (["--junit", "file/a.xml"], "file: Not a directory"),
      (["--out", "file"], "file/a: Not a directory"),
    ] {
      let ending = try workspace.run(["a.plan"] + options)
      #expect(ending.exitCode == 107)
      #expect(ending.errors.contains(reason), "\(ending.errors)")
      #expect(!ending.errors.contains("NSCocoaErrorDomain"))
      #expect(!workspace.exists("reports/a/run.recording"))
    }
  }

  @Test func `a run that cannot start is an error in CI, not the run before`() throws {
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    // The recording of the run before cannot be moved aside.
    try workspace.write("in the way", to: "reports/a/history")
    let ending = try workspace.run(["a.plan", "--json"])
    #expect(ending.exitCode == 107)
    #expect(try Summary(ending).verdict == "error")
    let errors = try workspace.junit(of: "a").cases("error")
    #expect(errors.first?.message?.contains("history: Not a directory") == true, "\(errors)")
    #expect(!workspace.exists("reports/a/report.html"))
  }

  @Test func `a plan that is not valid any more leaves no report of when it was`() throws {
    let valid = "name: mine\n" + PlanText(goal: "20").on(network)
    try workspace.write(valid, to: "a.plan")
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    try workspace.write(valid.replacing("ramp:", with: "rampp:"), to: "a.plan")
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 104)
    #expect(try workspace.junit(of: "mine").cases("error").map(\.type) == ["invalid-plan"])
    #expect(!workspace.exists("reports/mine/report.html"))
  }

  @Test func `a result that nobody can get is exit 107`() throws {
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    try FileManager.default.copyItem(
      at: workspace.url("reports/a/run.recording"), to: workspace.url("b.recording"))
    let recording = "reports/a/run.recording"
    for arguments in [
      ["a.plan", "--json"], ["a.plan"], ["check", "a.plan"], ["report", recording],
      ["report", recording, "--json"], ["compare", "b.recording", recording],
      ["export", recording, "--format", "csv"],
    ] {
      let ending = try workspace.run(arguments, shell: "exec \"$0\" \"$@\" >/dev/full")
      #expect(ending.exitCode == 107, "\(arguments)")
      #expect(
        ending.errors.contains("standard output cannot be written: No space left on device"),
        "\(arguments): \(ending.errors)")
    }
  }

  @Test func `recordings are for their owner alone`() throws {
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    let history = try #require(workspace.files(in: "reports/a/history").first)
    for name in ["run.recording", "history/\(history)"] {
      let path = workspace.url("reports/a/\(name)").path
      let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(permissions as? Int == 0o600)
    }
  }

  // MARK: Several plans

  @Test func `two plans of one name are refused before anything runs`() throws {
    try workspace.write("name: a\n" + PlanText(goal: "50").on(network), to: "b.plan")
    for plans in [["a.plan", "b.plan"], ["a.plan", "a.plan"]] {
      let ending = try workspace.run(["run"] + plans)
      #expect(ending.exitCode == 64)
      #expect(ending.errors.contains("would write over"), "\(ending.errors)")
      #expect(!workspace.exists("reports"))
    }
  }

  @Test func `a plan that was not reached is an error in CI, not the run before`() throws {
    try workspace.write(PlanText(goal: "20").on(try Loopback()), to: "b.plan")
    #expect(try workspace.run(["b.plan", "--quiet"]).exitCode == 0)
    let program = try startLong(["b.plan", "--junit", "all.xml"])
    // Killed now, it leaves the truth.
    #expect(try JUnitFile(workspace.url("all.xml")).cases("error").count == 2)
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 105)
    let errors = try workspace.junit(of: "b").cases("error")
    #expect(errors.first?.message?.contains("the plan did not run") == true)
    let all = try JUnitFile(workspace.url("all.xml"))
    let own = try workspace.junit(of: "a").cases("error") + errors
    #expect(all.cases("error") == own)
  }
}
