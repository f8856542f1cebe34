import Recording
import Testing

/// Plans that are meant to reach a limit, and what stands when one is reached.
@Suite(.tags(.realKernel)) struct ExpectedLimitRunTests {
  private let workspace: Workspace
  private let network: Loopback
  /// A shell that grants each process 300 descriptors.
  private let fewDescriptors = "ulimit -n 300; exec \"$0\" \"$@\""

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  /// The one client process runs out of descriptors; the servers do not.
  private func write(
    goal: String = "1k", server: String = "processes: 4", thresholds: [String] = [],
    rest: [String]
  ) throws {
    var plan = PlanText(
      goal: goal, server: server, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: 100ms", "close: reset"],
      thresholds: thresholds)
    plan.rest = rest
    try workspace.write(plan.on(network), to: "meant.plan")
  }

  @Test(arguments: [
    "{errno: EMFILE}", "{errno: EMFILE, at: socket, end: client, connections: 200..300}",
  ])
  func `the limit that is expected is a pass`(expected: String) throws {
    try write(thresholds: ["failures <= 5"], rest: ["expect-limit: \(expected)"])
    let (_, summary) = try workspace.summary(of: ["meant.plan"], shell: fewDescriptors)
    #expect(summary.verdict == "passed")
    #expect(summary.exit == 0)
    #expect(summary.limit?.errno?.name == "EMFILE")
    #expect(summary.thresholds.map(\.passed) == [true])
    let junit = try workspace.junit(of: "meant")
    #expect(junit.cases("failure").isEmpty)
    #expect(junit.cases("error").isEmpty)
    #expect(junit.properties["limit.errno"] == "EMFILE")
  }

  @Test func `the summary says that it was expected`() throws {
    try write(rest: ["expect-limit: {errno: EMFILE}"])
    let ending = try workspace.run(["meant.plan"], shell: fewDescriptors)
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("\npassed: expected limit reached: "), "\(ending.output)")
  }

  @Test(arguments: [
    ("{errno: ENFILE}", "expected ENFILE"), ("{end: server}", "expected it at the server"),
    ("{connections: 1..50}", "expected 1 to 50 connections"),
  ])
  func `another one is a limit that says what it is not`(expected: String, reason: String) throws {
    try write(rest: ["expect-limit: \(expected)"])
    let ending = try workspace.run(["meant.plan"], shell: fewDescriptors)
    #expect(ending.exitCode == 100)
    #expect(ending.output.contains("(Too many open files); \(reason)\n"), "\(ending.output)")
    #expect(
      try workspace.junit(of: "meant").cases("failure").map(\.type) == ["EMFILE", "expect-limit"])
  }

  @Test func `a run that does not reach it has failed`() throws {
    try write(goal: "50", rest: ["expect-limit: {errno: EMFILE}"])
    let (_, summary) = try workspace.summary(of: ["meant.plan"])
    #expect(summary.verdict == "failed")
    #expect(summary.exit == 99)
    #expect(summary.limit == nil)
  }

  // MARK: What is held is verified

  private let alive = "alive after the limit"

  @Test func `after a limit every connection that is held answers`() throws {
    try write(rest: ["on-limit: hold"])
    let (ending, summary) = try workspace.summary(of: ["meant.plan"], shell: fewDescriptors)
    #expect(summary.exit == 100)
    let held = summary.connections.established
    let said = "\(held) of \(held) answered"
    let limit = try #require(try workspace.recording(of: "meant").limits.first)
    #expect(limit.evidence.contains(Fact(alive, said)))
    #expect(ending.errors.contains("meant: \(said) a byte after the limit"), "\(ending.errors)")
    let body = try workspace.text(of: "reports/meant/TEST-meant.xml")
    #expect(body.contains(alive))
    #expect(body.contains(said))
    #expect(try workspace.text(of: "reports/meant/report.html").contains(said))
  }

  @Test func `phantoms do not answer`() throws {
    // The server is the one to run out: what waits in its queue is held by the client alone.
    var plan = PlanText(
      goal: "1k", server: "processes: 1", clients: "processes: 4",
      phases: ["ramp: {to: \"${goal}\", rate: 10k/s}", "close: reset"])
    plan.rest = ["on-limit: hold"]
    try workspace.write(plan.on(network), to: "meant.plan")
    let (_, summary) = try workspace.summary(of: ["meant.plan"], shell: fewDescriptors)
    let phantom = try #require(summary.connections.phantom)
    #expect(phantom > 0)
    let recording = try workspace.recording(of: "meant")
    let said = try #require(
      recording.limits.first?.evidence.first { $0.name == alive }?.value)
    let counts = said.split(separator: " ").compactMap { Int($0.filter { $0 != "," }) }
    #expect(counts.count == 2)
    #expect(counts[1] - counts[0] == phantom, "\(said)")
  }

  @Test(arguments: [
    ("processes: 4, reply: discard", "on-limit: hold"), ("processes: 4", "on-limit: stop"),
    ("processes: 4", "on-limit: fail"),
  ])
  func `nobody is asked where nobody would answer or nothing follows`(
    server: String, onLimit: String
  ) throws {
    try write(server: server, rest: [onLimit])
    let (ending, summary) = try workspace.summary(of: ["meant.plan"], shell: fewDescriptors)
    #expect(summary.exit == 100)
    #expect(!ending.errors.contains("answered"))
    let limits = try workspace.recording(of: "meant").limits
    #expect(!limits.contains { $0.evidence.contains { $0.name == alive } })
  }
}
