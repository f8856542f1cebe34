import Addressing
import Foundation
import Linux
import Recording
import Testing

/// Runs whose connections speak HTTP/1.1: with a server that we did not write, and with our own.
@Suite(.tags(.realKernel)) struct HTTPTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasNginx = ForeignServer.path(of: "nginx") != nil
  private static let hasCurl = ForeignServer.path(of: "curl") != nil

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func plan(_ messages: [String: String], hold: String = "1s", server: String? = nil)
    -> String
  {
    var plan = PlanText(
      goal: "20", server: server ?? "", target: server == nil ? network.endpoint : nil,
      clients: "processes: 1",
      phases: [
        "ramp: {to: \"${goal}\"}",
        "hold: {for: \(hold), messages: [\(messages.keys.sorted().joined(separator: ", "))]}",
        "close: reset",
      ])
    plan.rest = ["protocol: http", "messages:"]
    plan.rest += messages.sorted { $0.key < $1.key }.map { "  \($0.key): {\($0.value)}" }
    return plan.on(network)
  }

  @Test(.enabled(if: hasNginx, "nginx is not installed"))
  func `nginx's responses are judged by their status and their content`() throws {
    let server = try ForeignServer.nginx(connections: 1024, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    let right = [
      "page": "rate: 100/s, request: {path: /}, expect: {status: 200, matches: \"^hello\\n$\"}",
      "long": "rate: 50/s, request: {path: \"/long.html?{sequence}\"}, expect: {text: \"abcde\"}",
      "lost": "rate: 50/s, request: {path: /nothing}, expect: {status: [404, 410], text: nginx}",
      "chunked": "rate: 50/s, request: {path: /chunked/}, expect: {matches: \"^hello\\n$\"}",
      "chunks": "rate: 50/s, request: {path: /chunked/long.html}, expect: {text: \"abcde\"}",
      "head": "rate: 40/s, request: {method: HEAD, path: /long.html}",
      "post":
        "rate: 50/s, request: {path: /, body: \"{connection} {source}\"}, expect: {status: 405}",
    ]
    let wrong = ["gone": "rate: 50/s, request: {path: /nothing}"]
    try workspace.write(plan(right.merging(wrong) { $1 }), to: "theirs.plan")
    let (ending, summary) = try workspace.summary(of: ["theirs.plan"])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    let recording = try workspace.recording(of: "theirs")
    for name in right.keys {
      let counts = recording.outcomes(of: name)
      #expect(counts[0] >= 20, "\(name)")
      #expect(counts == [counts[0], counts[0], 0, 0, 0, 0], "\(name)")
    }
    let gone = recording.outcomes(of: "gone")
    #expect(gone == [gone[0], 0, gone[0], 0, 0, 0])
    #expect(recording.series(.waits)?.maximum == 0)
    #expect(summary.connections.failures == 0)
  }

  @Test(.enabled(if: hasNginx, "nginx is not installed"))
  func `each response counts on connections that nginx closes after five requests`() throws {
    let server = try ForeignServer.nginx(connections: 1024, requests: 5, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    try workspace.write(
      plan(["page": "rate: unlimited, request: {path: /}"], hold: "5s"), to: "theirs.plan")
    let (_, summary) = try workspace.summary(of: ["theirs.plan"])
    let recording = try workspace.recording(of: "theirs")
    #expect(recording.outcomes(of: "page") == [100, 100, 0, 0, 0, 0])
    #expect(summary.limit?.resource == "closed-by-peer")
    #expect(summary.connections.failures == 20)
    #expect(recording.failures.allSatisfy { $0.syscall == "closed" && $0.errno == nil })
  }

  /// A connection that said another row's token would be answered with 401. So would all of them, were the
  /// recording's own text of the file played.
  @Test(.enabled(if: hasNginx, "nginx is not installed"), arguments: [false, true])
  func `each connection says what its row has, in a replay as well`(isReplayed: Bool) throws {
    let server = try ForeignServer.nginx(
      connections: 1024, at: network, in: workspace,
      locations: """
        location /u/ { if ($http_authorization = "Bearer for-$uri") { return 204; } return 401; }
        """)
    defer { withExtendedLifetime(server) {} }
    try FileManager.default.createDirectory(
      at: workspace.url("lists"), withIntermediateDirectories: true)
    let rows = (0..<7).map { "u/\($0),for-/u/\($0)\n" }.joined()
    try workspace.write("path,token\n" + rows, to: "lists/users.csv")
    let mine =
      "every: 100ms, request: {path: \"/{users.path}\", headers: {Authorization: \"Bearer {users.token}\"}}"
    let text = plan([
      "mine": mine, "lost": "every: 200ms, request: {path: /u/x}, expect: {status: 401}",
    ])
    try workspace.write("data: {users: lists/users.csv}\n" + text, to: "theirs.plan")
    var (ending, summary) = try workspace.summary(of: ["theirs.plan"])
    if isReplayed {
      (ending, summary) = try workspace.summary(of: ["replay", "reports/theirs/run.recording"])
    }
    #expect(summary.verdict == "passed", "\(ending.errors)")
    let recording = try workspace.recording(of: isReplayed ? "theirs-replay" : "theirs")
    for name in ["mine", "lost"] {
      let counts = recording.outcomes(of: name)
      #expect(counts[0] >= 60 && counts == [counts[0], counts[0], 0, 0, 0, 0], "\(name) \(counts)")
    }
    let content = try #require(recording.attachments.first?.content)
    #expect(!String(decoding: content, as: UTF8.self).contains("for-"))
    try FileManager.default.removeItem(at: workspace.url("lists/users.csv"))
    let refused = try workspace.run(["replay", "reports/theirs/run.recording"])
    #expect(refused.exitCode != 0 && refused.errors.contains("lists/users.csv"))
  }

  @Test(arguments: ["echo", "{send: \"hello\"}", "discard"])
  func `both ends speak it`(reply: String) throws {
    let content = ["echo": "matches: \"^[0-9]+ [0-9]+$\"", "discard": "status: 204"]
    try workspace.write(
      plan(
        [
          "post":
            "rate: unlimited, request: {body: \"{connection} {sequence}\"}, expect: {\(content[reply] ?? "text: hello")}",
          "head": "every: 100ms, request: {method: HEAD}",
        ], server: "reply: \(reply)"), to: "ours.plan")
    let (ending, summary) = try workspace.summary(of: ["ours.plan"])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    let recording = try workspace.recording(of: "ours")
    for name in ["post", "head"] {
      let counts = recording.outcomes(of: name)
      #expect(counts[0] >= 100)
      #expect(counts == [counts[0], counts[0], 0, 0, 0, 0])
    }
  }

  @Test func `with another target requests name that one`() throws {
    let program = try workspace.start(
      ["serve", "--listen", network.endpoint, "--protocol", "http", "--verbose"])
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    var plan = PlanText(goal: "1", clients: "processes: 1")
    plan.phases = ["ramp: {to: 1}", "hold: {for: 300ms, messages: page}", "close: reset"]
    plan.rest = [
      "protocol: http", "messages: {page: {every: 100ms, request: {path: /x, headers: {A: b}}}}",
    ]
    try workspace.write(plan.on(try Loopback()), to: "ours.plan")
    let (ending, summary) = try workspace.summary(of: ["ours.plan", "--target", network.endpoint])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    program.signal(SIGTERM)
    let said = program.wait().output
    #expect(
      said.contains(#""GET /x HTTP/1.1\r\nHost: \#(network.endpoint)\r\nA: b\r\n\r\n""#), "\(said)")
  }

  @Test(.enabled(if: hasCurl, "curl is not installed"))
  func `curl reads what serve answers`() throws {
    let program = try workspace.start([
      "serve", "--listen", network.endpoint, "--protocol", "http",
    ])
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    let body = String(repeating: "0123456789", count: 20_000)
    try workspace.write(body, to: "body")
    func curl(_ arguments: [String]) throws -> String {
      try workspace.output(of: "curl", ["-s", "-m", "20", "--noproxy", "*"] + arguments)
    }
    let url = "http://\(network.endpoint)/"
    // Two requests on one connection, the second as large as curl asks about before it sends it.
    let twice = ["--data-binary", "@body", "-H", "Expect: 100-continue"]
    #expect(try curl(twice + [url, "-w", "%{num_connects}", url]) == body + "1" + body + "0")
    #expect(try curl(["-0", "-d", "x", url]) == "x")
    #expect(try curl(["-I", url]).hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(
      try curl(["-H", "Transfer-Encoding: chunked", "-d", "x", "-w", "%{http_code}", url]) == "411")
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }

  @Test(arguments: ["htpp", ""])
  func `serve knows three protocols`(word: String) throws {
    let ending = try workspace.run(["serve", "--listen", network.endpoint, "--protocol", word])
    #expect(ending.exitCode == 64)
    #expect(ending.errors.contains("expected raw, http, websocket or mqtt"))
  }
}
