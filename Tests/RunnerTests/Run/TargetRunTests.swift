import Foundation
import Judgement
import Recording
import Testing

/// Runs against someone else's server.
@Suite(.tags(.realKernel)) struct TargetRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func write(_ plan: PlanText) throws {
    try workspace.write(plan.on(network), to: "theirs.plan")
  }

  @Test func `passes, and asks the kernel what the other end accepted`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(PlanText(goal: "300", target: network.endpoint, thresholds: ["failures == 0"]))
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "passed")
    #expect(summary.exit == 0)
    #expect(
      summary.connections
        == Summary.Connections(
          goal: 300, established: 300, accepted: 300, phantom: 0, failures: 0))
    #expect(server.accepted == 300)

    let recording = try workspace.recording(of: "theirs")
    #expect(recording.workers.allSatisfy { $0.end == .client && $0.exitCode == 0 })
    #expect(!recording.hasServerCount)
    #expect(recording.effectivePlan.contains("target: [\(network.endpoint)]"))
    let junit = try workspace.junit(of: "theirs")
    #expect(junit.cases(nil).count == 4)
    #expect(junit.properties["connections.max"] == "300")
    #expect(junit.properties["accepted.max"] == "300")
    let page = try workspace.text(of: "reports/theirs/report.html")
    #expect(page.contains("Accepted at the server"))
    #expect(!page.contains("server: accepted"))
  }

  @Test func `the summary on a terminal says what was accepted`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(PlanText(goal: "50", target: network.endpoint))
    let ending = try workspace.run(["theirs.plan", "--progress", "live", "--no-color"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("50 of 50 established · 50 accepted · 0 phantom\n"))
  }

  @Test func `several targets share the connections`() throws {
    let endpoints = [network.port, network.port + 1].map { "\(network.listen):\($0)" }
    let servers = try endpoints.map { try SilentServer($0) }
    defer { for server in servers { server.stop() } }
    try write(PlanText(goal: "200", target: "[\(endpoints.joined(separator: ", "))]"))
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "passed")
    #expect(servers.map(\.accepted) == [100, 100])
  }

  @Test func `a threshold on what was accepted is judged by what its kernel tells`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(PlanText(goal: "20", target: network.endpoint, thresholds: ["accepted >= 20"]))
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.exit == 0)
    #expect(summary.thresholds.map(\.value) == [20])
  }

  @Test func `where nobody listens nothing was tested`() throws {
    try write(PlanText(goal: "300", target: network.endpoint))
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "error")
    #expect(summary.exit == 104)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "nobody-listens")
    #expect(limit.end == "server")
    #expect(limit.syscall == "connect")
    #expect(limit.errno?.name == "ECONNREFUSED")
    #expect(summary.connections.established == 0)
    #expect(summary.connections.accepted == nil)
    // A worker gives up after a hundred refusals in a row.
    #expect((100..<300).contains(limit.count))
    let body = try workspace.text(of: "reports/theirs/TEST-theirs.xml")
    #expect(body.contains("established then"))
    #expect(!body.contains("accepted then"))
  }

  @Test func `a peer that closes what is too much for it is the limit`() throws {
    let server = try SilentServer(network.endpoint, keeping: 60)
    defer { server.stop() }
    try write(
      PlanText(
        goal: "300", target: network.endpoint, clients: "processes: 1",
        phases: ["ramp: {to: \"${goal}\", rate: 1k/s}", "hold: 2s", "close: reset"]))
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "limit")
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "closed-by-peer")
    // The client met it; it was the server that closed.
    #expect(limit.end == "server")
    #expect(limit.phase == "ramp")
    #expect((1...240).contains(limit.count))
    #expect(summary.connections.failures == 240)
    let recording = try workspace.recording(of: "theirs")
    #expect(recording.series(.established)?.points.contains { $0.value == 60 } == true)
    // Nobody is asked whether he is alive: someone else's server owes no echo.
    #expect(!recording.limits.contains { $0.evidence.contains { $0.name.contains("alive") } })
    // What was held for an instant before it was closed is not what stood.
    let stood = try #require(
      recording.limits.first?.evidence.first { $0.name == "stood at the end" }?.value)
    // On a busy machine the server may not have closed all of them by then.
    let count = try #require(stood.split(separator: " ").first.flatMap { Int($0) })
    #expect((60...300 - limit.count).contains(count), "\(stood)")
  }

  @Test func `a peer's limit may be what the plan expects`() throws {
    let server = try SilentServer(network.endpoint, keeping: 60)
    defer { server.stop() }
    var plan = PlanText(
      goal: "300", target: network.endpoint,
      phases: ["ramp: {to: \"${goal}\", rate: 1k/s}", "close: reset"])
    plan.rest = ["expect-limit: {resource: closed-by-peer}"]
    try write(plan)
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "passed")
    #expect(summary.exit == 0)
  }
}
