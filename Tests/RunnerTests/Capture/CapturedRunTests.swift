import Foundation
import Testing

/// Sessions of real clients with real servers, captured and then played many times.
@Suite(.tags(.realKernel)) struct CapturedRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private static func has(_ programs: String...) -> Bool {
    programs.allSatisfy { ForeignServer.path(of: $0) != nil }
  }

  /// Captures one client, whose shell command finds the proxy's host in `$0` and its port in `$1`. Returns what
  /// `capture` said.
  private func capture(_ client: String, _ options: [String] = []) throws -> String {
    let proxy = "\(network.source(50)):\(network.port)"
    let program = try workspace.start(
      ["capture", "--listen", proxy, "--forward", network.endpoint, "-o", "out.yaml"]
        + ["--connections", "1"] + options)
    #expect(program.wait { program.errorsSoFar.contains("listening on \(proxy)") })
    let ending = try workspace.run(
      [], shell: "set -- \(network.source(50)) \(network.port); \(client)")
    #expect(ending.exitCode == 0, "\(ending.errors)")
    let captured = program.wait()
    #expect(captured.exitCode == 0, "\(captured.errors)")
    return captured.errors
  }

  /// Plays `out.yaml` on 600 new connections a second, for six seconds.
  private func play(_ more: String = "") throws -> Summary {
    var plan = PlanText(
      goal: "1", target: network.endpoint,
      phases: [
        "churn: {rate: 600/s, lifetime: 100ms, for: 6s, messages: session}", "close: reset",
      ])
    plan.rest = ["messages:", "  session: {conversation: out.yaml, delays: none\(more)}"]
    try workspace.write(plan.on(network), to: "captured.plan")
    return try workspace.summary(of: ["captured.plan"]).summary
  }

  // MARK: HTTP

  private static let pages = "curl -sS \"http://$1:$2/\" \"http://$1:$2/index.html\""

  @Test(.enabled(if: has("nginx", "curl"), "nginx or curl is not installed"))
  func `a session of curl is right in other seconds, too`() throws {
    let server = try ForeignServer.nginx(
      connections: 8_000, at: network, in: workspace,
      locations: "add_header X-Request-Id $request_id always;")
    defer { withExtendedLifetime(server) {} }
    let said = try capture(Self.pages)
    // Date, Last-Modified, ETag and X-Request-Id of each.
    #expect(
      said.hasSuffix("1 conversation in out.yaml\n8 volatile header values marked\n"), "\(said)")
    let messages = try play().messages
    #expect((messages["sent"] ?? 0) ?? 0 >= 3000, "\(messages)")
    #expect(messages["received"] == messages["sent"], "\(messages)")
  }

  @Test(.enabled(if: has("nginx", "curl"), "nginx or curl is not installed"))
  func `exactly as it was captured, it is wrong in any other second`() throws {
    let server = try ForeignServer.nginx(connections: 8_000, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    let said = try capture(Self.pages, ["--exact"])
    #expect(said.hasSuffix("1 conversation in out.yaml\n"), "\(said)")
    #expect(try workspace.text(of: "out.yaml").hasPrefix("conversation: 1\n"))
    let messages = try play().messages
    #expect((messages["sent"] ?? 0) ?? 0 >= 3000, "\(messages)")
    // In six seconds no more than one is the recorded one.
    let received = try #require(messages["received"] ?? nil)
    #expect(received < 1500, "\(messages)")
  }

  @Test(.enabled(if: has("nginx", "curl"), "nginx or curl is not installed"))
  func `a form that curl posts has another length for each connection`() throws {
    let server = try ForeignServer.nginx(
      connections: 8_000, at: network, in: workspace,
      locations: "location /hello { return 200 \"hello $arg_name, of $content_length bytes\\n\"; }")
    defer { withExtendedLifetime(server) {} }
    let page = "\"http://$1:$2/hello?name=someone\""
    _ = try capture("curl -sS -d user=someone \(page) \(page)")
    // A body with a wrong length would be taken for a part of the second request. nginx says which length it was told:
    // that is what may be anything here.
    let file = try workspace.text(of: "out.yaml")
    #expect(file.contains("Content-Length: 12\\r\\n"), "\(file)")
    #expect(file.contains("of 12 bytes"), "\(file)")
    let open = file.replacing("of 12 bytes\\n", with: "of \", {any: \"12\"}, \" bytes\\n")
    // Now nothing is known of the length of the response, but that of the request follows.
    let any = open.replacing("Content-Length: 27", with: "Content-Length: \", {any: \"27\"}, \"")
    #expect(any != open, "\(file)")
    try workspace.write(any, to: "out.yaml")
    let messages = try play(", substitute: {someone: \"user-{connection}-{random:9}\"}").messages
    #expect((messages["sent"] ?? 0) ?? 0 >= 3000, "\(messages)")
    #expect(messages["received"] == messages["sent"], "\(messages)")
  }

  // MARK: Redis

  private static let commands = """
    printf 'SET k:1 v\\nAPPEND k:1 k:1\\nGET k:1\\nHSET h:k:1 k:1 k:1\\nHGET h:k:1 k:1\\nDEL k:1 h:k:1\\n' |
    redis-cli -h $1 -p $2
    """

  @Test(.enabled(if: has("redis-server", "redis-cli"), "Redis is not installed"))
  func `a session of redis-cli has keys of other lengths`() throws {
    let server = try ForeignServer.redis(connections: 8_000, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    _ = try capture(Self.commands)
    let file = try workspace.text(of: "out.yaml")
    #expect(file.contains("SET\\r\\n$3\\r\\nk:1\\r\\n"), "\(file)")
    // What APPEND answers is a number: the length of the value, which is another one now.
    let open =
      file
      .replacing("receive: \":4\\r\\n\"", with: "receive: [\":\", {any: \"4\"}, \"\\r\\n\"]")
      .replacing("conversation: 1\n", with: "conversation: 2\n")
    #expect(open.contains("{any: "))
    try workspace.write(open, to: "out.yaml")
    let messages = try play(", substitute: {\"k:1\": \"a-key-of-{connection}-{sequence}\"}")
      .messages
    #expect((messages["sent"] ?? 0) ?? 0 >= 3000, "\(messages)")
    #expect(messages["received"] == messages["sent"], "\(messages)")
  }

  // MARK: MQTT

  @Test(.enabled(if: has("mosquitto", "mosquitto_rr"), "mosquitto is not installed"))
  func `a session of mosquitto_rr has names and topics of other lengths`() throws {
    try workspace.write(
      "listener \(network.port) \(network.listen)\nallow_anonymous true\n", to: "mosquitto.conf")
    let server = try ForeignServer(
      "mosquitto", ["-c", "mosquitto.conf"], at: network, in: workspace.directory)
    defer { withExtendedLifetime(server) {} }
    _ = try capture(
      "mosquitto_rr -V mqttv311 -h $1 -p $2 -i device -t to/device -e to/device -q 1 -m 'i am device'"
    )
    let messages = try play(
      ", substitute: {device: \"one-of-many-devices-and-its-long-name-{connection}-{random:80}\"}"
    ).messages
    #expect((messages["sent"] ?? 0) ?? 0 >= 3000, "\(messages)")
    #expect(messages["received"] == messages["sent"], "\(messages)")
  }
}
