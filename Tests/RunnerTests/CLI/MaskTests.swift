import Foundation
import Recording
import Testing

/// Values that the environment gives to a plan: driven with, and shown to nobody.
@Suite(.tags(.realKernel)) struct MaskTests {
  private let workspace: Workspace
  private let secret = "s3cret-of-the-environment"

  init() throws {
    workspace = try Workspace()
    let plan = PlanText(
      phases: ["ramp: {to: \"${goal}\"}", "hold: {for: 300ms, messages: login}", "close: reset"],
      thresholds: ["messages.lost == 0"],
      rest: ["messages: {login: {every: 100ms, send: \"AUTH ${TOKEN} \\\"x\\\"\", expect: echo}}"])
    try workspace.write(plan.on(try Loopback()), to: "a.plan")
  }

  private var environment: [String: String] { ["TOKEN": secret, "goal": "9"] }

  @Test func `no report and no export has them, and the recording is judged by them`() throws {
    for _ in 0..<2 {
      let run = try workspace.run(
        ["a.plan", "--set", "goal=20", "--json", "--junit-flavor", "extended"],
        environment: environment)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(!(run.output + run.errors).contains(secret))
    }
    let recording = "reports/a/run.recording"
    #expect(try workspace.recording(of: "a").effectivePlan.contains(secret))
    var shown = [try workspace.text(of: "reports/a/report.html")]
    shown.append(try workspace.text(of: "reports/a/TEST-a.xml"))
    for format in ["csv", "json", "hlog", "openmetrics"] {
      shown.append(try workspace.run(["export", recording, "--format", format]).output)
    }
    let again = try workspace.run(["report", recording])
    #expect(again.exitCode == 0, "\(again.errors)")
    let history = try #require(workspace.files(in: "reports/a/history").first)
    let comparison = try workspace.run(
      ["compare", "reports/a/history/\(history)", recording, "--html", "c.html"])
    shown += [again.output, comparison.output, try workspace.text(of: "c.html")]
    #expect(shown.allSatisfy { !$0.contains(secret) && !$0.contains("s3cret") })
    #expect(shown[0].contains("&lt;TOKEN&gt;"))
    // What the plan declares itself is no secret.
    #expect(shown[3].contains("20"))
  }

  @Test func `nothing has them where a peer repeats them in a wrong answer`() throws {
    for (name, secret) in [("c", secret), ("d", "s3cret \"of\\the\nenvironment")] {
      let plan = PlanText(
        goal: "3",
        phases: ["ramp: {to: \"${goal}\"}", "hold: {for: 300ms, messages: login}", "close: reset"],
        rest: [
          "messages: {login: {every: 100ms, send: \"AUTH ${TOKEN} x\", expect: {text: \"no\"}}}"
        ])
      try workspace.write(plan.on(try Loopback()), to: "\(name).plan")
      let run = try workspace.run(["\(name).plan", "--json"], environment: ["TOKEN": secret])
      let shown = [
        run.output, run.errors, try workspace.text(of: "reports/\(name)/report.html"),
        try workspace.text(of: "reports/\(name)/TEST-\(name).xml"),
      ]
      #expect(run.errors.contains("AUTH <TOKEN> x"), "\(run.errors)")
      #expect(shown.allSatisfy { !$0.contains("s3cret") && !$0.contains("environment") })
    }
  }

  @Test func `a check does not print them, and prints the plan all the same`() throws {
    let ending = try workspace.run(
      ["check", "a.plan", "--set", "goal=20"], environment: environment)
    #expect(ending.exitCode == 0, "\(ending.errors)")
    #expect(ending.output.contains("<TOKEN>"), "\(ending.output)")
    #expect(!ending.output.contains("s3cret"), "\(ending.output)")
  }

  @Test func `an error of the plan tells which value is wrong, not the value`() throws {
    try workspace.write(
      "server: {listen: \"127.0.0.1:9000\"}\nphases: [{ramp: {to: \"${TOKEN}\"}}]\n", to: "b.plan")
    let ending = try workspace.run(["b.plan", "--json"], environment: environment)
    #expect(ending.exitCode == 104)
    #expect(ending.errors.contains("<TOKEN>"), "\(ending.errors)")
    #expect(!(ending.errors + ending.output).contains(secret))
    #expect(!(try workspace.text(of: "reports/b/TEST-b.xml")).contains(secret))
  }

  @Test func `a recording that is damaged leaves no report of when it was not`()
    throws
  {
    #expect(try workspace.run(["a.plan", "--quiet"], environment: environment).exitCode == 0)
    let path = workspace.url("reports/a/run.recording")
    var bytes = try Data(contentsOf: path)
    for place in 4096..<bytes.count { bytes[place] = 0 }
    try bytes.write(to: path)
    let ending = try workspace.run(["report", "reports/a/run.recording"])
    #expect(ending.exitCode == 1)
    let errors = try workspace.junit(of: "a").cases("error")
    #expect(errors.first?.message?.contains("is damaged") == true, "\(errors)")
    #expect(!workspace.exists("reports/a/report.html"))
  }
}
