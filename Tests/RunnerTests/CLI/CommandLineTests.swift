import Testing

/// What is said to a command line, before any plan is looked at.
@Suite(.tags(.realKernel)) struct CommandLineTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(
    arguments: [
      [], ["run"], ["--bogus", "x.plan"], ["x.plan", "--set", "goal"], ["x.plan", "--set", "=5"],
      ["x.plan", "--set"], ["x.plan", "--seed", "x"], ["x.plan", "--seed", "-1"],
      ["x.plan", "--progress", "loud"], ["x.plan", "--json=yes"], ["--set", "goal=7"],
      ["x.plan", "--out", ""], ["x.plan", "--junit", ""], ["x.plan", "--html", ""],
    ])
  func `a wrong one is exit 64 with the usage`(arguments: [String]) throws {
    let ending = try workspace.run(arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix("Error: "), "\(ending.errors)")
    #expect(ending.errors.lowercased().contains("usage: runner"), "\(ending.errors)")
    #expect(workspace.files(in: ".").filter { !$0.hasPrefix(".") }.isEmpty)
  }

  @Test func `a command that is mistyped runs no plan behind it`() throws {
    let network = try Loopback()
    try workspace.write(PlanText(goal: "5").on(network), to: "good.plan")
    let ending = try workspace.run(["chekc", "good.plan"])
    #expect(ending.exitCode == 64)
    #expect(
      ending.errors.hasPrefix(
        "Error: there is no command, and no plan file, 'chekc': did you mean 'check'?"),
      "\(ending.errors)")
    #expect(workspace.files(in: ".").filter { !$0.hasPrefix(".") } == ["good.plan"])
  }

  @Test func `tells what a value of --set looks like`() throws {
    let ending = try workspace.run(["x.plan", "--set", "goal"])
    #expect(ending.errors.contains("--set goal=50k"))
  }

  @Test(arguments: [["--help"], ["-h"], ["run", "--help"], ["help", "run"]])
  func `help has an example`(arguments: [String]) throws {
    let ending = try workspace.run(arguments)
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty)
    #expect(ending.output.contains("EXAMPLE"))
    #expect(ending.output.contains("runner plans/ramp-1m.plan"))
  }

  @Test func `help of run names the options and the exit codes`() throws {
    let output = try workspace.run(["run", "--help"]).output
    let options = [
      "--out", "--junit", "--html", "--set", "--target", "--allow-public", "--seed", "--progress",
      "--no-color", "--quiet",
      "--json",
    ]
    for option in options { #expect(output.contains("  \(option)"), "\(option)") }
    for code in ["0", "1", "64", "99", "100", "104", "105", "107"] {
      #expect(output.contains(" \(code) "), "\(code)")
    }
  }

  @Test func `--version is one line with a number`() throws {
    let ending = try workspace.run(["--version"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }
}
