import Recording
import Testing

/// Values that the command line and the environment give to a plan.
@Suite(.tags(.realKernel)) struct VariableTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  @Test func `--set of an unknown key is an error that names it`() throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--set", "gaol=3"])
    #expect(ending.exitCode == 104)
    #expect(ending.errors.contains("--set gaol: the plan has no variable 'gaol'"))
    #expect(ending.errors.contains("did you mean 'goal'?"))
    #expect(try workspace.junit(of: "a").cases("error").count == 1)
  }

  @Test(arguments: ["", "0", "-5", "many", "1e3", "99999999999999999999"])
  func `--set of an impossible value is an error`(value: String) throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--set", "goal=\(value)"])
    #expect(ending.exitCode == 104, "\(ending.output)")
    #expect(ending.errors.hasPrefix("a.plan:"))
  }

  @Test func `the last --set of a key holds`() throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    let (_, summary) = try workspace.summary(of: ["a.plan", "--set", "goal=30", "--set", "goal=20"])
    #expect(summary.connections.established == 20)
  }

  @Test func `the environment gives values, and --set goes before it`() throws {
    let plan = PlanText(phases: ["ramp: {to: \"${SIZE:-10}\"}", "close: reset"])
    try workspace.write(plan.on(network), to: "a.plan")
    func goal(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> Int? {
      try workspace.summary(of: ["a.plan"] + arguments, environment: environment).summary
        .connections.goal
    }
    let (standard, given) = (try goal(), try goal([], ["SIZE": "20"]))
    #expect(standard == 10)
    #expect(given == 20)
    #expect(try workspace.recording(of: "a").overrides == [Fact("SIZE", "20")])
    let overridden = try goal(["--set", "SIZE=30"], ["SIZE": "20"])
    #expect(overridden == 30)
  }
}
