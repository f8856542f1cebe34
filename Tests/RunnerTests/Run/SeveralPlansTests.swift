import Foundation
import Glibc
import Testing

/// The JUnit of several plans, and of one in its two flavours.
@Suite(.tags(.realKernel)) struct SeveralPlansTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.write(PlanText(goal: "20").on(try Loopback()), to: "a.plan")
    try workspace.write(PlanText(goal: "20").on(try Loopback()), to: "c.plan")
    try workspace.write("target: 127.0.0.1:1\nphases: [rampp: {to: 1}]\n", to: "b.plan")
  }

  @Test func `--junit gets the cases of all plans, and each keeps its own file`() throws {
    let ending = try workspace.run(["a.plan", "b.plan", "--junit", "out/all.xml", "--quiet"])
    #expect(ending.exitCode == 104)
    let all = try JUnitFile(workspace.url("out/all.xml"))
    let own = try workspace.junit(of: "a").cases + workspace.junit(of: "b").cases
    #expect(all.cases == own)
    #expect(all.cases("error").map(\.type) == ["invalid-plan"])
    #expect(all.properties["connections.max"] == "20")
  }

  @Test func `a plan that is invalid keeps no earlier report, also where it is never reached`()
    throws
  {
    let network = try Loopback()
    let slow = PlanText(phases: ["ramp: {to: 1}", "hold: 60s"])
    try workspace.write(slow.on(network), to: "slow.plan")
    try workspace.write(PlanText(goal: "20").on(network), to: "c.plan")
    #expect(try workspace.run(["c.plan", "--quiet"]).exitCode == 0)
    #expect(workspace.exists("reports/c/report.html"))
    try workspace.write("target: 127.0.0.1:1\nphases: [rampp: {to: 1}]\n", to: "c.plan")
    let program = try workspace.start([
      "slow.plan", "c.plan", "--junit", "all.xml", "--progress", "plain",
    ])
    #expect(program.wait { program.errorsSoFar.contains("hold for 1 min") })
    program.signal(SIGTERM)
    #expect(program.wait(atMost: .seconds(20)).exitCode == 105)
    let errors = try JUnitFile(workspace.url("all.xml")).cases("error").map(\.type)
    #expect(errors == ["interrupted", "invalid-plan"])
    #expect(!workspace.exists("reports/c/report.html"))
  }

  @Test func `a JUnit that cannot be written is exit 107, whatever the plans came to`() throws {
    try workspace.write("in the way", to: "file")
    let ending = try workspace.run(["a.plan", "b.plan", "--junit", "file/x", "--quiet"])
    #expect(ending.exitCode == 107)
    #expect(
      ending.errors.contains("a report cannot be written: file: Not a dir"), "\(ending.errors)")
  }

  @Test func `--html names the page of one plan, and is refused for several`() throws {
    let ending = try workspace.run(["run", "a.plan", "b.plan", "--html", "x.html"])
    #expect(ending.exitCode == 64)
    #expect(ending.errors.contains("every plan has its own"), "\(ending.errors)")
    #expect(workspace.files(in: "reports").isEmpty)
  }

  @Test func `the extended flavour names file and line, of run, report and invalid plan`() throws {
    let flavour = ["--junit-flavor", "extended", "--quiet"]
    #expect(try workspace.run(["a.plan"] + flavour).exitCode == 0)
    let path = "reports/a/TEST-a.xml"
    let run = try workspace.text(of: path)
    let ramp = try #require(
      workspace.text(of: "a.plan").split(separator: "\n").firstIndex { $0.contains("ramp:") })
    #expect(run.contains("file=\"a.plan\" line=\"\(ramp + 1)\""))
    #expect(try workspace.run(["report", "reports/a/run.recording"] + flavour).exitCode == 0)
    #expect(try workspace.text(of: path) == run)
    #expect(try workspace.run(["report", "reports/a/run.recording", "--quiet"]).exitCode == 0)
    #expect(!(try workspace.text(of: path)).contains("file="))
    #expect(try workspace.run(["b.plan"] + flavour).exitCode == 104)
    #expect(
      try workspace.text(of: "reports/b/TEST-b.xml").contains("file=\"b.plan\" line=\"2\""))
  }

  @Test func `a locale with a comma as decimal point changes nothing`() throws {
    #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
    func files(_ environment: [String: String], _ out: String) throws -> [String] {
      let ending = try workspace.run(
        ["report", "reports/a/run.recording", "--out", out], environment: environment)
      #expect(ending.exitCode == 0)
      return try [ending.output.replacing(out, with: "")]
        + ["report.html", "TEST-a.xml"].map { try workspace.text(of: "\(out)/\($0)") }
    }
    let german = ["LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"]
    #expect(try files(german, "german") == files([:], "german"))
  }

  @Test func `a child that a shell left behind keeps no run waiting`() throws {
    let program = try workspace.start(
      ["a.plan", "c.plan", "--quiet"], shell: "sleep 60 & exec \"$0\" \"$@\"")
    #expect(program.wait { ProcessTable.children(of: program.id).count == 2 })
    // Stopped, it finds one signal that stands for the ends of both.
    program.signal(SIGSTOP)
    let children = ProcessTable.children(of: program.id)
    kill(try #require(children.first).id, SIGKILL)
    #expect(holds(within: .seconds(30)) { !children.contains(where: ProcessTable.isAlive) })
    program.signal(SIGCONT)
    #expect(program.wait(atMost: .seconds(30)).exitCode == 0)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TerminalPair.tmux)))
  func `a terminal that lets no background process write stops no run`() throws {
    let line =
      "stty tostop; \(RunningProgram.path) a.plan c.plan --preflight off; echo ended $?; cat"
    // tmux ignores the signal that would stop the run, and what it starts inherits that.
    let terminal = try TerminalPair(
      upper: ["/usr/bin/env", "--default-signal=TTOU", "/bin/sh", "-c", line], in: workspace)
    #expect(terminal.shows("ended 0", pane: 0))
  }
}
