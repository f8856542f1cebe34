import Testing

/// `--target` and `--allow-public`: whom a plan drives instead, and whom it must not.
@Suite(.tags(.realKernel)) struct TargetOptionTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    // Nobody listens on its target; the server of the other one is the built-in one.
    try workspace.write(PlanText(goal: "60", target: "127.0.0.1:1").on(network), to: "theirs.plan")
    try workspace.write(PlanText(goal: "60").on(network), to: "ours.plan")
  }

  @Test(arguments: ["theirs", "ours"])
  func `replaces the plan's server or target`(plan: String) throws {
    let endpoint = "\(network.listen):\(network.port + 3)"
    let server = try SilentServer(endpoint)
    defer { server.stop() }
    let (_, summary) = try workspace.summary(of: ["\(plan).plan", "--target", endpoint])
    #expect(summary.verdict == "passed")
    #expect(summary.connections.established == 60)
    #expect(summary.connections.accepted == 60)
    #expect(server.accepted == 60)
    let recording = try workspace.recording(of: plan)
    #expect(recording.effectivePlan.contains("target: [\(endpoint)]\n"))
    #expect(!recording.effectivePlan.contains("server:"))
  }

  @Test func `may be given several times`() throws {
    let endpoints = [UInt16(3), 4].map { "\(network.listen):\(network.port + $0)" }
    let servers = try endpoints.map { try SilentServer($0) }
    defer { for server in servers { server.stop() } }
    let (_, summary) = try workspace.summary(
      of: ["ours.plan"] + endpoints.flatMap { ["--target", $0] })
    #expect(summary.verdict == "passed")
    #expect(servers.map(\.accepted) == [30, 30])
  }

  @Test func `a name is looked up once, and the recording says what it was`() throws {
    // The server listens everywhere, so that the name's address is among it: on a port that nobody
    // has on any address, below those that other tests listen on and those that clients connect from.
    var port: UInt16 = 7000
    while (try? Listener("0.0.0.0", port)) == nil { port += 1 }
    let server = try SilentServer("0.0.0.0:\(port)")
    defer { server.stop() }
    let (_, summary) = try workspace.summary(of: ["ours.plan", "--target", "localhost:\(port)"])
    #expect(summary.verdict == "passed")
    let recording = try workspace.recording(of: "ours")
    #expect(recording.host.first { $0.name == "address of localhost" }?.value == "127.0.0.1")
    #expect(recording.effectivePlan.contains("target: [localhost:\(port)]"))
  }

  @Test(arguments: [
    ("192.0.2.1:80", "target 192.0.2.1:80 is a public address: no load goes there"),
    ("nowhere.invalid:80", "target nowhere.invalid:80: nowhere.invalid has no address"),
    ("10.99.99.99:80", "target 10.99.99.99:80 is another host, and nothing gets there from 127."),
    ("[::1]:80", "clients and server need addresses of one family, IPv4 or IPv6"),
  ])
  func `what cannot be used is refused like an invalid plan`(target: String, why: String) throws {
    let (ending, summary) = try workspace.summary(of: ["ours.plan", "--target", target])
    #expect(ending.exitCode == 104)
    #expect(summary.verdict == "error")
    #expect(summary.plan == "ours")
    #expect(ending.errors.hasPrefix("ours.plan:"), "\(ending.errors)")
    #expect(ending.errors.contains("error: \(why)"), "\(ending.errors)")
    let junit = try workspace.junit(of: "ours")
    #expect(junit.cases("error").map(\.type) == ["invalid-plan"])
    #expect(junit.cases("error").first?.message?.contains(why) == true)
    #expect(workspace.files(in: "reports/ours") == ["TEST-ours.xml"])

    let check = try workspace.run(["check", "ours.plan", "--target", target])
    #expect(check.exitCode == 104)
    #expect(check.output.isEmpty)
    #expect(check.errors.contains("error: \(why)"))
  }

  @Test func `a public address is told how it may be reached, and is checked when it may`() throws {
    try workspace.write(
      PlanText(goal: "60").on(network, sources: "10.0.0.9-10.0.0.12"), to: "ours.plan")
    let refused = try workspace.run(["check", "ours.plan", "--target", "192.0.2.1:80"])
    #expect(refused.errors.contains("--allow-public lets connections go there"))
    let allowed = try workspace.run(
      ["check", "ours.plan", "--target", "192.0.2.1:80", "--allow-public"])
    #expect(allowed.exitCode == 0, "\(allowed.errors)")
    #expect(allowed.output.contains("target: [192.0.2.1:80]\n"))
  }

  @Test(arguments: ["localhost", "", "a b:1", "x:0"])
  func `a target that is none is exit 64`(target: String) throws {
    let ending = try workspace.run(["ours.plan", "--target", target])
    #expect(ending.exitCode == 64)
    #expect(ending.errors.contains("is not a "), "\(ending.errors)")
  }
}
