import Foundation
import Recording
import Testing

/// Storms on real sockets.
@Suite(.tags(.realKernel)) struct StormRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func storm() throws -> PhaseRecord {
    try #require(try workspace.recording(of: "storm").phases.first { $0.kind == .storm })
  }

  @Test(arguments: ["reset", "fin"])
  func `half of what is held is cut, and is there again`(with: String) throws {
    let plan = PlanText(
      goal: "400", server: "processes: 1", clients: "processes: 2",
      phases: [
        "ramp: {to: \"${goal}\"}",
        "storm: {drop: 50%, with: \(with), backoff: 200ms..1s, until: 100%, within: 20s}",
        "hold: 500ms", "close: reset",
      ], thresholds: ["recovery < 20s"])
    try workspace.write(plan.on(network), to: "storm.plan")
    let result = try workspace.run(["storm.plan"])
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("storm: 200 cut · back after "))
    let storm = try storm()
    #expect(storm.dropped == 200)
    #expect(storm.promise == PhasePromise(promised: 400, missed: 0))
    #expect((storm.recovery ?? 0) > 0.1)
  }

  @Test func `a full accept queue is what stood in the way`() throws {
    // It takes the ramp and then nobody, however fast the machine is.
    let server = try SilentServer(network.endpoint, accepting: 100, backlog: 1)
    defer { server.stop() }
    let plan = PlanText(
      goal: "100", target: network.endpoint,
      clients: "processes: 1, connect-timeout: 300ms, retries: 20",
      phases: [
        "ramp: {to: \"${goal}\", rate: 400/s}",
        "storm: {drop: 100%, backoff: 50ms, jitter: none, until: 100%, within: 3s}",
      ])
    try workspace.write(plan.on(network), to: "storm.plan")
    let result = try workspace.run(["storm.plan", "--json"])
    let summary = try Summary(result)
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "accept-queue", "\(result.output)")
    #expect(summary.limit?.phase == "storm")
  }

  @Test func `a server that is gone is named`() throws {
    let server = try SilentServer(network.endpoint)
    let plan = PlanText(
      goal: "50", target: network.endpoint,
      phases: [
        "ramp: {to: \"${goal}\"}", "hold: 500ms",
        // The first who come back find nobody any more, if the server goes within five seconds.
        "storm: {drop: 100%, backoff: 5s, jitter: none, within: 8s}",
      ])
    try workspace.write(plan.on(network), to: "storm.plan")
    let program = try workspace.start(["storm.plan", "--json"])
    #expect(
      program.wait { server.accepted >= 50 && program.errorsSoFar.contains("storm that cuts") })
    server.stop()
    let summary = try Summary(program.wait())
    #expect(summary.exit == 100)
    #expect(summary.limit?.phase == "storm")
    #expect(try storm().outcome == .limit)
    let limits = try workspace.recording(of: "storm").limits.filter { $0.phase == "storm" }
    #expect(limits.contains { $0.resource == .nobodyListens }, "\(limits)")
  }
}
