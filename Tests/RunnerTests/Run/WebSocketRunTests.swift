import Foundation
import Recording
import Testing

/// Runs whose connections are WebSockets: with servers and clients that we did not write, and with our own.
@Suite(.tags(.realKernel)) struct WebSocketRunTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasNginx = ForeignServer.path(of: "nginx") != nil
  private static let hasCurl = ForeignServer.path(of: "curl") != nil
  private static let hasPython = PythonWebSockets.isThere

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func run(_ plan: PlanText) throws -> Summary {
    try workspace.write(plan.on(network), to: "ws.plan")
    return try workspace.summary(of: ["ws.plan"]).summary
  }

  /// What became of the messages: sent, received, wrong, short, late, missing.
  private func counts(_ name: String) throws -> [Int] {
    try workspace.recording(of: "ws").outcomes(of: name)
  }

  private static let messages = [
    "echo": "rate: 200/s, send: \"{connection} {sequence}\"",
    "long": "rate: 10/s, bytes: 300KiB",
    "size": "rate: 50/s, bytes: 70kB, expect: {bytes: 70kB}",
    "text": "rate: 50/s, send: \"größer\", expect: {text: \"größer\"}",
    "match": "rate: 50/s, send: \"number {sequence}\", expect: {matches: \"^number [0-9]+$\"}",
  ]
  private static let wrong = [
    "other": "rate: 50/s, send: abc, expect: {text: ab}",
    "fewer": "rate: 50/s, send: abc, expect: {bytes: 4B}",
    "none": "rate: 50/s, send: abc, expect: {matches: d}",
  ]

  private func plan(
    _ settings: String = "websocket", _ messages: [String: String] = Self.messages,
    target: String? = nil, goal: String = "40", hold: String = "1s"
  ) -> PlanText {
    .playing(messages, over: settings, target: target, goal: goal, hold: hold)
  }

  // MARK: Both ends here

  @Test(arguments: ["off", "on", "{versions: 1.2}"])
  func `messages come back over both ends, wrong ones are wrong, and none is lost`(
    tls: String
  ) throws {
    var plan = plan(
      "{websocket: {path: \"/chat?x=1\", subprotocols: [chat, more], ping: 2s}}",
      Self.messages.merging(Self.wrong) { $1 }, hold: "3s")
    plan.rest.append("tls: \(tls)")
    plan.thresholds = ["failures == 0"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    for name in Self.messages.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 5 && counts == [counts[0], counts[0], 0, 0, 0, 0], "\(name) \(counts)")
    }
    for name in Self.wrong.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 20 && counts == [counts[0], 0, counts[0], 0, 0, 0], "\(name) \(counts)")
    }
    // Each wrong answer ends with its message, so no connection has to wait for quiet.
    #expect(try workspace.recording(of: "ws").series(.waits)?.maximum == 0)
  }

  @Test func `the server's own text answers each message, and pushes are counted`() throws {
    var plan = plan(
      "{websocket: {binary: true}}", ["ask": "rate: 200/s, send: abc, expect: {text: \"yes\"}"])
    plan.server = "reply: {send: \"yes\"}"
    #expect(try run(plan).verdict == "passed")
    let counts = try counts("ask")
    #expect(counts == [counts[0], counts[0], 0, 0, 0, 0])
    plan = self.plan("websocket", ["say": "rate: 20/s, send: abc, expect: none"])
    plan.server = "reply: {push: {every: 100ms, send: \"tick tock\"}}"
    #expect(try run(plan).verdict == "passed")
    let pushed = try self.counts("push")
    #expect(pushed[1] > 100)
    #expect(pushed[2] == 0)
  }

  @Test func `check writes the settings out`() throws {
    let settings =
      "{websocket: {path: \"/a\", host: b.example, headers: {\"Room\": one}, subprotocols: [c], ping: 30s, binary: true}}"
    try workspace.write(plan(settings).on(network), to: "ws.plan")
    let written = try workspace.run(["check", "ws.plan"])
    #expect(written.exitCode == 0)
    #expect(written.output.contains("protocol: \(settings)"), "\(written.output)")
  }

  // MARK: Somebody else's server

  @Test(
    .enabled(if: hasPython, "python3 has no websockets here"),
    arguments: ["plain", "fragments", "pings"])
  func `a server of Python's websockets answers`(manner: String) throws {
    let server = try ForeignServer.webSockets(manner, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    var plan = plan(
      "{websocket: {path: /chat, subprotocols: [chat], ping: 2s}}",
      Self.messages.merging(Self.wrong) { $1 }, target: network.endpoint, goal: "20", hold: "3s")
    plan.thresholds = ["failures == 0"]
    #expect(try run(plan).verdict == "passed")
    for name in Self.messages.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 5 && counts == [counts[0], counts[0], 0, 0, 0, 0], "\(name) \(counts)")
    }
    for name in Self.wrong.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 20 && counts == [counts[0], 0, counts[0], 0, 0, 0], "\(name) \(counts)")
    }
  }

  @Test(
    .enabled(if: hasPython, "python3 has no websockets here"),
    arguments: [
      ("refuse", "HTTP 503", "HTTP 503"),
      ("1008", "close 1008 (policy violation): \"no more than 10\"", "WebSocket 1008"),
      ("1011", "close 1011 (internal error): \"no more than 10\"", "WebSocket 1011"),
      ("1013", "close 1013 (try again later): \"no more than 10\"", "WebSocket 1013"),
    ])
  func `a server that is full says so everywhere`(
    manner: String, words: String, type: String
  ) throws {
    let server = try ForeignServer.webSockets(manner, from: 10, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "30", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 3s"])
    plan.rest = ["protocol: {websocket: {subprotocols: [chat]}}"]
    let summary = try run(plan)
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "refused-by-peer")
    #expect(limit.syscall == "websocket")
    #expect(limit.errno?.name == "EPROTO")
    #expect(limit.said?.text == words)
    let said = try #require(limit.said)
    #expect(type.lowercased() == "\(said.protocol ?? "") \(said.code ?? 0)")
    #expect(summary.connections.failures == 20)
    let page = try workspace.text(of: "reports/ws/report.html")
    #expect(page.contains(words.replacing("\"", with: "&quot;")) || page.contains(words))
    let xml = try workspace.text(of: "reports/ws/TEST-ws.xml")
    #expect(xml.contains(words.replacing("\"", with: "&quot;")) || xml.contains(words))
    #expect(xml.contains("type=\"\(type)\""))
    let output = try workspace.run(["report", "reports/ws/run.recording"]).output
    // How many stood by then depends on how fast the server closes.
    #expect(output.contains("limit reached: "), "\(output)")
    #expect(output.contains("; server websocket: \(words)\n"), "\(output)")
  }

  @Test(.enabled(if: hasPython, "python3 has no websockets here"))
  func `a server that closes as it should is a peer that closed`() throws {
    let server = try ForeignServer.webSockets("1001", from: 10, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "30", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 3s"])
    plan.rest = ["protocol: {websocket: {subprotocols: [chat]}}"]
    let summary = try run(plan)
    #expect(summary.limit?.resource == "closed-by-peer")
    #expect(summary.limit?.syscall == "closed")
    #expect(summary.connections.failures == 20)
  }

  @Test(
    .enabled(if: hasNginx, "nginx is not installed"),
    arguments: [("/401", 401), ("/403", 403), ("/429", 429), ("/503", 503), ("/nothing", 404)])
  func `a status at the upgrade is the headline`(path: String, status: Int) throws {
    let server = try ForeignServer.nginx(connections: 1024, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "5", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}"])
    plan.rest = ["protocol: {websocket: {path: \(path)}}"]
    try workspace.write(plan.on(network), to: "ws.plan")
    let (ending, summary) = try workspace.summary(of: ["ws.plan"])
    #expect(summary.limit?.said?.text == "HTTP \(status)")
    #expect(summary.limit?.count == 5)
    #expect(ending.errors.contains("server websocket: HTTP \(status)"), "\(ending.errors)")
  }

  // MARK: Somebody else's client

  @Test(.enabled(if: hasPython, "python3 has no websockets here"))
  func `a client of Python's websockets speaks with serve`() throws {
    let program = try workspace.start([
      "serve", "--listen", network.endpoint, "--protocol", "websocket",
    ])
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    try workspace.write(PythonWebSockets.client, to: "client.py")
    let heard = try workspace.output(of: "python3", ["client.py", "ws://\(network.endpoint)/any"])
    #expect(
      heard == "True\nTrue\nTrue\nTrue\nTrue\nin three fragments\n1000\n", "\(heard)")
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }

  @Test(.enabled(if: hasCurl, "curl is not installed"))
  func `curl is told what its request lacks`() throws {
    let program = try workspace.start([
      "serve", "--listen", network.endpoint, "--protocol", "websocket",
    ])
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    let status = ["-s", "-m", "20", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}"]
    let url = "http://\(network.endpoint)/"
    #expect(try workspace.output(of: "curl", status + [url]) == "400")
    let upgrade = ["-H", "Connection: Upgrade", "-H", "Upgrade: websocket"]
    #expect(
      try workspace.output(of: "curl", status + upgrade + ["-H", "Sec-WebSocket-Version: 8", url])
        == "426")
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }
}
