import Foundation
import Plan
import Testing

/// `runner check`: what a plan means, needs and would come to, without a socket.
@Suite(.tags(.realKernel)) struct CheckTests {
  private let workspace: Workspace
  private let network: Loopback
  private let fewDescriptors = "ulimit -n 300; exec \"$0\" \"$@\""

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  @Test func `a valid plan is printed as it is meant, with its needs and bounds`() throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    let ending = try workspace.run(["check", "a.plan"])
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty)
    #expect(ending.output.hasPrefix("a.plan: valid\n\nname: a\n"))
    for part in [
      "  listen: \(network.endpoint)\n", "\nNeeds\n  goal ", "500 connections\n",
      "\n  RLIMIT_NOFILE ", "\nBounds, the lowest first\n", " client source-ports ",
      "\nPredicted: the goal is within reach; ",
    ] {
      #expect(ending.output.contains(part), "\(part) in \(ending.output)")
    }
    #expect(workspace.files(in: ".").filter { !$0.hasPrefix(".") } == ["a.plan"])
  }

  @Test func `the plan that is printed reads as the same plan again`() throws {
    try workspace.write(
      PlanText(thresholds: ["connections >= ${goal}"]).on(network), to: "a.plan")
    let output = try workspace.run(["check", "a.plan", "--set", "goal=77"]).output
    let start = try #require(output.firstRange(of: "name: a\n")).lowerBound
    let end = try #require(output.firstRange(of: "\n\nNeeds")).lowerBound
    let effective = String(output[start..<end])
    let plan = try Plan.read(text: effective, file: "again.plan")
    #expect(plan.mostConnections == 77)
    #expect(plan.effective == effective + "\n")
  }

  @Test func `bounds rise, and the first is the prediction`() throws {
    try workspace.write(
      PlanText(goal: "1k", clients: "processes: 1").on(network), to: "a.plan")
    let ending = try workspace.run(["check", "a.plan"], shell: fewDescriptors)
    // Valid all the same: whether to run it is not for a check to say.
    #expect(ending.exitCode == 0)
    let lines = ending.output.split(separator: "\n")
    let first = try #require(lines.firstIndex { $0.hasPrefix("Bounds") }) + 1
    let bounds = lines[first...].prefix { $0.hasPrefix("  ") }.compactMap { line in
      Int(line.split(separator: " ")[0].filter { $0 != "," })
    }
    #expect(bounds.count >= 4)
    #expect(bounds == bounds.sorted())
    let prediction = try #require(lines.last)
    #expect(
      prediction.hasPrefix(
        "Predicted: a limit before the goal; \(bounds[0]) connections, bound by client "
          + "descriptors-per-process (1 process of \(bounds[0]) each"), "\(prediction)")
    #expect((200..<300).contains(bounds[0]))
  }

  @Test func `a plan for someone else's server has no server processes`() throws {
    try workspace.write(PlanText(target: network.endpoint).on(network), to: "a.plan")
    let ending = try workspace.run(["check", "a.plan"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("target: [\(network.endpoint)]\n"))
    #expect(ending.output.contains(" client, 0 server\n"))
    #expect(!ending.output.contains("net.core.somaxconn"))
    #expect(!ending.output.contains(" server descriptors-per-process"))
  }

  @Test func `an invalid plan is refused at its place`() throws {
    try workspace.write("server: {listen: 127.0.0.1:9000}\nphases: [hodl: 1s]\n", to: "a.plan")
    let ending = try workspace.run(["check", "a.plan"])
    #expect(ending.exitCode == 104)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix("a.plan:2:10: error: there is no phase 'hodl'"))
    #expect(workspace.files(in: ".").filter { !$0.hasPrefix(".") } == ["a.plan"])
  }

  @Test func `of several plans all are checked and the worst decides`() throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    try workspace.write("phases: []\n", to: "b.plan")
    let ending = try workspace.run(["check", "b.plan", "nowhere.plan", "a.plan"])
    #expect(ending.exitCode == 104)
    #expect(ending.output.hasPrefix("a.plan: valid\n"))
    #expect(ending.errors.contains("b.plan:1:1: error: "))
    #expect(ending.errors.contains("nowhere.plan:1:1: error: the file cannot be read"))
    #expect(try workspace.run(["check", "a.plan", "a.plan"]).exitCode == 0)
  }

  @Test(arguments: [["check"], ["check", "a.plan", "--set", "goal"], ["check", "--json"]])
  func `a wrong command line is exit 64`(arguments: [String]) throws {
    #expect(try workspace.run(arguments).exitCode == 64)
  }

  private static let strace = "/usr/bin/strace"

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: strace), "no strace"),
    arguments: [["check"], ["doctor"]])
  func `opens no socket`(command: [String]) throws {
    try workspace.write(PlanText().on(network), to: "a.plan")
    let ending = try workspace.run(
      command + ["a.plan"], shell: "exec \(Self.strace) -f -o calls -e trace=%network \"$0\" \"$@\""
    )
    #expect(ending.exitCode == 0)
    let calls = try workspace.text(of: "calls")
    // It was watched to its end.
    #expect(calls.contains("+++ exited with 0 +++"))
    #expect(!calls.contains("socket"), "\(calls)")
  }
}
