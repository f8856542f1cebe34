import Coordination
import Foundation
import Plan
import Testing

@testable import Runner

/// What is said of a host before a run begins, and when it does not.
///
/// Other tests run beside these: "another run is under way" may be found at any time, and beside a
/// run of a million connections none of what is looked for can be told.
@Suite(.tags(.realKernel)) struct PreflightTests {
  private let workspace: Workspace
  private let network: Loopback
  private let fewDescriptors = "ulimit -n 300; exec \"$0\" \"$@\""
  private let tooLarge = PlanText(
    goal: "1k", server: "processes: 4", clients: "processes: 1")

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private let reason =
    /the host will stop before the goal of 1,000: at 29\d connections, bound by client descriptors-per-process \(.*\); see `runner doctor a.plan`/

  // MARK: Strict

  @Test func `strict refuses a goal that the host cannot hold`() throws {
    try workspace.write(tooLarge.on(network), to: "a.plan")
    let (ending, summary) = try workspace.summary(
      of: ["a.plan", "--preflight", "strict"], shell: fewDescriptors)
    #expect(ending.exitCode == 106)
    #expect(ending.errors.hasPrefix("runner: a: refused: the host will stop before the goal"))
    #expect(ending.errors.contains(reason), "\(ending.errors)")
    #expect(summary.verdict == "error")
    #expect(summary.connections.established == 0)
    #expect(summary.files.recording == nil)
    #expect(summary.files.html == nil)
    #expect(summary.prediction?.resource == "descriptors-per-process")

    let junit = try workspace.junit(of: "a")
    #expect(junit.cases.map(\.outcome) == ["error", "skipped", "skipped"])
    let error = try #require(junit.cases("error").first)
    #expect(error.message?.hasPrefix("preflight refused: the host will stop") == true)
    #expect(workspace.files(in: "reports/a") == ["TEST-a.xml"])
  }

  @Test func `strict keeps the recording of the run before`() throws {
    try workspace.write(tooLarge.on(network), to: "a.plan")
    let good = try workspace.run(["a.plan", "--set", "goal=50"])
    #expect(good.exitCode == 0)
    let before = try workspace.recording(of: "a").started
    let refused = try workspace.run(
      ["a.plan", "--preflight", "strict"], shell: fewDescriptors)
    #expect(refused.exitCode == 106)
    #expect(refused.output.isEmpty)
    #expect(try workspace.recording(of: "a").started == before)
    #expect(workspace.files(in: "reports/a/history").isEmpty)
  }

  @Test func `strict runs a plan that nothing stands in the way of`() throws {
    try workspace.write(PlanText(goal: "20").on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--preflight", "strict"])
    if ending.exitCode == 0 {
      #expect(ending.output.contains("passed: 20 of 20 connections"))
    } else {
      #expect(ending.exitCode == 106)
      let others = ["another run is under way", "TCP sockets are on this host already"]
      #expect(
        ending.errorLines.allSatisfy { line in others.contains { line.contains($0) } },
        "\(ending.errors)")
    }
  }

  @Test func `an invalid plan ranks above a refusal`() throws {
    try workspace.write(tooLarge.on(network), to: "a.plan")
    try workspace.write("phases: []\n", to: "b.plan")
    let ending = try workspace.run(
      ["a.plan", "b.plan", "--preflight", "strict"], shell: fewDescriptors)
    #expect(ending.exitCode == 104)
    #expect(ending.errors.contains("a: refused: "))
  }

  // MARK: Warn

  @Test(arguments: [["--preflight", "warn"], []])
  func `warn, which is the default, says so and runs`(arguments: [String]) throws {
    try workspace.write(tooLarge.on(network), to: "a.plan")
    // In the shell's words, as a run without the option would otherwise be given one.
    let shell = "ulimit -n 300; exec \"$0\" run a.plan --json \(arguments.joined(separator: " "))"
    let ending = try workspace.run([], shell: shell)
    #expect(ending.exitCode == 100)
    #expect(ending.errors.contains("runner: a: warning: the host will stop before the goal"))
    #expect(ending.errors.contains(reason), "\(ending.errors)")
    #expect(try Summary(ending).limit?.errno?.name == "EMFILE")
    #expect(try workspace.recording(of: "a").complete)
  }

  @Test func `off and --quiet say nothing`() throws {
    try workspace.write(tooLarge.on(network), to: "a.plan")
    for arguments in [["--preflight", "off"], ["--preflight", "warn", "--quiet"]] {
      let ending = try workspace.run(["a.plan"] + arguments, shell: fewDescriptors)
      #expect(ending.exitCode == 100)
      #expect(!ending.errors.contains("warning"))
    }
  }

  @Test func `another run is named`() throws {
    let other = try Workspace()
    try other.write(
      PlanText(goal: "10", phases: ["ramp: {to: 10}", "hold: 60s"]).on(network), to: "long.plan")
    let long = try other.start(["long.plan"])
    #expect(long.wait { long.errorsSoFar.contains("hold for") })
    try workspace.write(PlanText(goal: "10").on(try Loopback()), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--preflight", "warn"])
    #expect(ending.exitCode == 0)
    #expect(ending.errors.contains(/warning: another run is under way \(process \d+\)/))
    long.signal(SIGTERM)
    #expect(long.wait().exitCode == 105)
  }

  @Test func `a program that is called runner and is none is no run`() throws {
    try FileManager.default.copyItem(
      at: URL(filePath: "/bin/sleep").resolvingSymlinksInPath(), to: workspace.url("runner"))
    let sleeper = Process()
    sleeper.executableURL = workspace.url("runner")
    sleeper.arguments = ["60"]
    try sleeper.run()
    defer { sleeper.terminate() }
    try workspace.write(PlanText(goal: "10").on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--preflight", "warn"])
    #expect(!ending.errors.contains("(process \(sleeper.processIdentifier))"), "\(ending.errors)")
  }

  // MARK: Sockets that are there

  /// Cancels a test on a host with more sockets than preflight reads one by one.
  private func needCalm() throws {
    let text = try String(contentsOfFile: "/proc/net/sockstat", encoding: .utf8)
    let numbers = try #require(text.firstMatch(of: /TCP: inuse (\d+) orphan \d+ tw (\d+)/))
    let open = try #require(Int(numbers.1)) + (try #require(Int(numbers.2)))
    if open > 100_000 { try Test.cancel("\(open) sockets are on this host") }
  }

  @Test func `who listens on the server's port is named, and how to find out more`() throws {
    try needCalm()
    let holder = try Listener(network.listen, network.port)
    try workspace.write(PlanText(goal: "10").on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan", "--preflight", "warn"])
    withExtendedLifetime(holder) {}
    #expect(ending.exitCode == 104)
    #expect(
      ending.errors.contains(
        "warning: somebody listens on \(network.endpoint) already; "
          + "`ss -tlnp 'sport = :\(network.port)'` says who\n"), "\(ending.errors)")
  }

  /// What is found for a plan, other runs left out.
  private func findings(_ text: PlanText) throws -> [String] {
    let plan = try Plan.read(text: text.on(network), file: "a.plan")
    return Preflight.findings(try PreparedRun(plan, isForRun: false))
      .filter { !$0.hasPrefix("another run") }
  }

  @Test func `a clean host has nothing to be found`() throws {
    try needCalm()
    #expect(try findings(PlanText(goal: "10")) == [])
    // Someone else's server is meant to listen.
    let holder = try Listener(network.listen, network.port)
    #expect(try findings(PlanText(goal: "10", target: network.endpoint)) == [])
    withExtendedLifetime(holder) {}
  }

  @Test func `several listeners are counted`() throws {
    try needCalm()
    let holders = try (0..<3).map { try Listener(network.listen, network.port + $0) }
    let found = try findings(PlanText(goal: "10", server: "processes: 4"))
    withExtendedLifetime(holders) {}
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("somebody listens on \(network.endpoint) and 2 more") == true)
  }

  @Test func `one that listens on every address is in the way as well`() throws {
    try needCalm()
    // Not on a port of this test's own: the wildcard is everybody's.
    let port = try #require((40_000..<41_000).first { Self.isFree($0) })
    let holder = try Listener("0.0.0.0", port)
    let plan = try Plan.read(
      text: "server: {listen: \(network.listen):\(port)}\nphases: [ramp: {to: 10}]\n",
      file: "a.plan")
    let found = Preflight.findings(try PreparedRun(plan, isForRun: false))
    withExtendedLifetime(holder) {}
    #expect(found.contains { $0.hasPrefix("somebody listens on \(network.listen):\(port) ") })
  }

  private static func isFree(_ port: UInt16) -> Bool {
    (try? Listener("0.0.0.0", port)) != nil
  }
}
