import Foundation
import Recording
import Testing

/// Servers that we did not write, as their packages install them.
@Suite(.tags(.realKernel)) struct RealServerTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasNginx = ForeignServer.path(of: "nginx") != nil
  private static let hasRedis = ForeignServer.path(of: "redis-server") != nil

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  /// A ramp that is too much for the server; `expecting` makes that its purpose.
  private func overload(
    _ expecting: String? = nil, goal: String = "2000", rate: String = "1k/s", then: [String] = []
  ) throws -> Summary {
    var plan = PlanText(
      goal: goal, target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: \(rate)}"] + then + ["close: reset"])
    if let expecting { plan.rest = ["expect-limit: \(expecting)"] }
    try workspace.write(plan.on(network), to: "theirs.plan")
    return try workspace.summary(of: ["theirs.plan"]).summary
  }

  @Test(.enabled(if: hasNginx, "nginx is not installed"))
  func `nginx closes what is more than its worker_connections`() throws {
    let server = try ForeignServer.nginx(connections: 1024, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    let summary = try overload()
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "closed-by-peer")
    // nginx begins to close idle connections when a sixteenth of them is left.
    let record = try #require(workspace.recording(of: "theirs").limits.first)
    // How many the kernel has taken in for it by then depends on how soon it comes to close one.
    #expect((900..<2000).contains(record.established))
    #expect((900...1100).contains(limit.count))
    #expect(limit.count == summary.connections.failures)

    let expected = try overload("{resource: closed-by-peer, connections: 900..2000}")
    #expect(expected.verdict == "passed")
    #expect(expected.exit == 0)
  }

  @Test(.enabled(if: hasRedis, "Redis is not installed"))
  func `Redis turns away what is more than its maxclients`() throws {
    let server = try ForeignServer.redis(connections: 500, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    // Time for the last one to be turned away.
    let summary = try overload(goal: "700", rate: "250/s", then: ["hold: 1s"])
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "closed-by-peer")
    let recording = try workspace.recording(of: "theirs")
    #expect(recording.failures.map(\.syscall).allSatisfy { $0 == "closed" })
    #expect(recording.failures.reduce(0) { $0 + $1.count } == 200)
    // The last one may be turned away when the ramp is over.
    #expect((199...200).contains(limit.count))
    let record = try #require(recording.limits.first)
    // How many the kernel has taken in for Redis by then depends on how soon it comes to turn one away.
    #expect((500...700).contains(record.established))
    let hold = try #require(recording.phases.first { $0.name == "hold" })
    let standing = recording.series(.established)?.points.last { $0.at <= hold.ended ?? 0 }
    #expect(standing?.value == 500)
    #expect(
      record.evidence.contains { $0.name == "the peer said" && $0.value.contains("max number") })

    let expected = try overload(
      "{resource: closed-by-peer, connections: 500..700}", goal: "700", rate: "250/s")
    #expect(expected.verdict == "passed")
    #expect(expected.exit == 0)
  }

  @Test(
    .enabled(if: hasNginx && hasRedis, "nginx or Redis is not installed"),
    arguments: ["nginx", "redis", "session"])
  func `the plan that ships for it passes`(name: String) throws {
    let server =
      try name == "nginx"
      ? ForeignServer.nginx(connections: 1024, at: network, in: workspace)
      : ForeignServer.redis(connections: 500, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    var text = try String(contentsOf: ExamplePlanTests.plan(name), encoding: .utf8)
    // How long a machine takes that does other things as well is no matter here.
    text = text.replacing(/p99 < \d+m?s/, with: "p99 < 1m")
    try workspace.write(text, to: "\(name).plan")
    if name == "session" {
      let talk = ExamplePlanTests.plan(name).deletingPathExtension().appendingPathExtension("yaml")
      try workspace.write(String(contentsOf: talk, encoding: .utf8), to: "session.yaml")
    }
    let (ending, summary) = try workspace.summary(of: [
      "\(name).plan", "--set", "target=\(network.endpoint)", "--set", "goal=100", "--set",
      "span=3s",
    ])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect((summary.messages["sent"] ?? 0) ?? 0 >= (name == "session" ? 50 : 300))
    #expect(summary.messages["lost"] == 0)
    #expect(summary.rtt?["p99"] != nil)
  }
}
