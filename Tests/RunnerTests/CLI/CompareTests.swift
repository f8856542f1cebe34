import Foundation
import Recording
import Testing

/// `runner compare BASE NEW`, and what a run says of the run before.
@Suite(.tags(.realKernel)) struct CompareTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try Self.holding(1000).write(to: workspace.url("base").path)
    try Self.holding(1000).write(to: workspace.url("same").path)
    try Self.holding(900).write(to: workspace.url("fewer").path)
  }

  private static func holding(_ count: Int) -> Recording {
    var recording = Recording(planName: "p") {
      $0.effectivePlan = "a: 1\n"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 4
    }
    recording.phases = [
      PhaseRecord(
        name: "ramp", kind: .ramp, title: "ramp", planLine: 1, started: 0, ended: 4,
        outcome: .done, established: count, accepted: count)
    ]
    return recording
  }

  @Test func `equal runs are exit 0, and a loss is 99`() throws {
    let same = try workspace.run(["compare", "base", "same"])
    #expect(same.exitCode == 0)
    #expect(same.output.hasSuffix("\nno regression\n"))
    #expect(same.errors.isEmpty)
    let fewer = try workspace.run(["compare", "base", "fewer"])
    #expect(fewer.exitCode == 99)
    #expect(fewer.output.contains("-10%  worse (tolerance 1%)"), "\(fewer.output)")
    #expect(!fewer.output.contains("\u{1B}"))
  }

  @Test func `a tolerance may be stated`() throws {
    let arguments = ["compare", "base", "fewer", "--tolerance", "connect.rate=10%", "--tolerance"]
    #expect(try workspace.run(arguments + ["held=10%"]).exitCode == 0)
    #expect(try workspace.run(arguments + ["held=9.9%"]).exitCode == 99)
  }

  @Test func `--quiet leaves the exit code, and --json one object`() throws {
    let quiet = try workspace.run(["compare", "base", "fewer", "--quiet"])
    #expect(quiet.exitCode == 99)
    #expect(quiet.output.isEmpty && quiet.errors.isEmpty)
    let json = try workspace.run(["compare", "base", "fewer", "--json"])
    #expect(json.exitCode == 99)
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    #expect((object as? [String: Any])?["regression"] as? Bool == true)
  }

  @Test(arguments: [
    [], ["base"], ["base", "same", "fewer"], ["base", "same", "--tolerance", "held"],
    ["base", "same", "--tolerance", "bogus=1%"], ["base", "same", "--tolerance", "held=5"],
  ])
  func `a wrong command line is exit 64`(arguments: [String]) throws {
    let ending = try workspace.run(["compare"] + arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix("Error: "))
  }

  @Test func `what cannot be read is said, is exit 1, and stays as it was`() throws {
    try workspace.write("not SQLite", to: "foreign")
    let before = try Data(contentsOf: workspace.url("base"))
    let foreign = try workspace.run(["compare", "base", "foreign"])
    #expect(foreign.exitCode == 1)
    #expect(foreign.errors == "runner: The file foreign is not a recording.\n")
    let missing = try workspace.run(["compare", "nowhere", "base"])
    #expect(missing.exitCode == 1)
    #expect(missing.errors == "runner: There is no recording at nowhere.\n")
    #expect(try workspace.text(of: "foreign") == "not SQLite")
    #expect(try Data(contentsOf: workspace.url("base")) == before)
    #expect(
      workspace.files(in: ".").filter { !$0.hasPrefix(".") }
        == ["base", "fewer", "foreign", "same"])
  }

  @Test func `help has an example`() throws {
    let ending = try workspace.run(["compare", "--help"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("runner compare reports/quick/history/"))
  }

  @Test func `a run says how it compares with the run before, but not the first one`() throws {
    try workspace.write(PlanText(goal: "50").on(try Loopback()), to: "a.plan")
    let arguments = ["a.plan", "--progress", "none"]
    #expect(try workspace.run(arguments).errors.isEmpty)
    let second = try workspace.run(arguments)
    #expect(second.exitCode == 0)
    #expect(second.errorLines.count == 1)
    let expected = /runner: a: compared with the run before \(\d{4}-\d\d-\d\d \d\d:\d\d\): .+\n/
    #expect(second.errors.wholeMatch(of: expected) != nil, "\(second.errors)")
    #expect(second.errors.contains(": connections same, "))
    #expect(try workspace.run(arguments + ["--quiet"]).errors.isEmpty)
  }

  @Test func `a run before that cannot be read makes no run fail`() throws {
    try workspace.write(PlanText(goal: "50").on(try Loopback()), to: "a.plan")
    try FileManager.default.createDirectory(
      at: workspace.url("reports/a"), withIntermediateDirectories: true)
    try workspace.write("not SQLite", to: "reports/a/run.recording")
    let ending = try workspace.run(["a.plan", "--progress", "none"])
    #expect(ending.exitCode == 0)
    #expect(ending.errorLines.count == 1)
    #expect(ending.errors.hasPrefix("runner: a: not compared with the run before: The file "))
  }

  @Test func `a page shows the run before and the last ones`() throws {
    try workspace.write(PlanText(goal: "50").on(try Loopback()), to: "a.plan")
    func sections() throws -> [String] {
      let page = try workspace.text(of: "reports/a/report.html")
      return page.matches(of: /<section id="([a-z]+)"/).map { String($0.output.1) }
    }
    for time in 0..<3 {
      #expect(try workspace.run(["a.plan", "--quiet"]).exitCode == 0)
      #expect(
        try sections().suffix(2) == (time == 0 ? ["host", "plan"] : ["comparison", "history"]))
    }
    let page = try workspace.text(of: "reports/a/report.html")
    #expect(page.contains("<summary>3 runs</summary>"))
    // The same once more from the recording alone, with the history beside it.
    #expect(
      try workspace.run(["report", "reports/a/run.recording", "--quiet"]).exitCode == 0)
    #expect(try workspace.text(of: "reports/a/report.html") == page)
  }

  @Test func `compare writes a page with the comparison in it`() throws {
    let ending = try workspace.run(["compare", "base", "fewer", "--html", "out/c.html", "--quiet"])
    #expect(ending.exitCode == 99)
    #expect(workspace.files(in: "out") == ["c.html", "report.css", "report.js"])
    #expect(try workspace.text(of: "out/c.html").contains("<section id=\"comparison\""))
    let onto = try workspace.run(["compare", "base", "fewer", "--html", "base", "--quiet"])
    #expect(onto.exitCode == 64)
    #expect(onto.errors.contains("base is a recording"), "\(onto.errors)")
    let nowhere = try workspace.run(["compare", "base", "fewer", "--html", "base/x", "--quiet"])
    #expect(nowhere.exitCode == 107)
    #expect(nowhere.errors.contains("the page cannot be written"), "\(nowhere.errors)")
  }
}
