import Foundation
import Recording
import Testing

/// TLS from the plan to the report.
@Suite(.tags(.realKernel)) struct SecureRunTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasOpenSSL = OpenSSL.path != nil
  private static let hasNginx = ForeignServer.path(of: "nginx") != nil
  private static let hasCurl = ForeignServer.path(of: "curl") != nil

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func run(_ plan: PlanText) throws -> Summary {
    try workspace.write(plan.on(network), to: "secure.plan")
    return try workspace.summary(of: ["secure.plan"]).summary
  }

  // MARK: Both ends here

  @Test(arguments: ["1.2", "1.3", "1.2..1.3"])
  func `messages come back over both ends`(versions: String) throws {
    var plan = PlanText(
      goal: "200",
      phases: [
        "ramp: {to: \"${goal}\"}", "hold: {for: 1s, messages: [short, long]}",
        "churn: {rate: 50/s, lifetime: 100ms, for: 500ms, tolerate: 50%}", "close: {with: fin}",
      ])
    plan.rest = [
      "tls: {versions: \(versions)}",
      "messages: {short: {rate: 500/s, send: \"{connection} {sequence}\"}, long: {rate: 20/s, bytes: 200KiB}}",
    ]
    plan.thresholds = ["messages.lost == 0", "messages.received > 300", "failures == 0"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    #expect(summary.connections.established >= 200)
  }

  @Test func `connections that stand at a limit are verified over TLS`() throws {
    var plan = PlanText(
      goal: "300", clients: "processes: 1", phases: ["ramp: {to: \"${goal}\"}"])
    plan.rest = ["tls: on", "expect-limit: {errno: EMFILE}"]
    try workspace.write(plan.on(network), to: "secure.plan")
    let (_, summary) = try workspace.summary(
      of: ["secure.plan"], shell: "ulimit -n 200; exec \"$0\" \"$@\"")
    #expect(summary.verdict == "passed" || summary.connections.established == 300)
  }

  @Test func `a name that the certificate lacks is said everywhere`() throws {
    try #require(Self.hasOpenSSL)
    try OpenSSL.certificate(in: workspace)
    var plan = PlanText(
      goal: "5", server: "tls: {certificate: server.pem, key: server.key}",
      phases: ["ramp: {to: \"${goal}\"}"])
    plan.rest = ["tls: {server-name: other.test}"]
    // The server end says it in its own words when it has read the client's, which may be late on a busy machine.
    let own = "the server end's own words"
    var summary = try run(plan)
    for _ in 0..<2 {
      let limit = try workspace.recording(of: "secure").limits.first
      if limit?.evidence.contains(where: { $0.name == own }) == true { break }
      summary = try run(plan)
    }
    let words = "certificate: hostname mismatch (62)"
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "refused-by-peer")
    #expect(limit.syscall == "tls")
    #expect(limit.errno?.name == "EPROTO")
    #expect(
      limit.said
        == .init(text: words, protocol: "tls", name: "bad_certificate", by: "client", code: 42))
    #expect(limit.count == 5)
    let recording = try workspace.recording(of: "secure")
    let evidence = try #require(recording.limits.first).evidence
    #expect(evidence.contains { $0.name == "said" && $0.value == words })
    #expect(evidence.contains { $0.name == own })
    // What the server end does not get counts at the client.
    #expect(recording.failures.allSatisfy { $0.end == .client })
    let ending = try workspace.run(["secure.plan"])
    #expect(ending.output.contains("limit reached: 0 of 5 connections; server tls: \(words)"))
    let xml = try workspace.text(of: "reports/secure/TEST-secure.xml")
    #expect(xml.contains(words))
    #expect(try workspace.text(of: "reports/secure/report.html").contains(words))
  }

  @Test func `a recording keeps no key, and is judged again without one`() throws {
    try #require(Self.hasOpenSSL)
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    let plan = PlanText(goal: "5", server: "tls: {certificate: server.pem, key: server.key}")
    #expect(try run(plan).verdict == "passed")
    let key = try workspace.text(of: "server.key").split(separator: "\n")[1]
    let certificate = try workspace.text(of: "server.pem").split(separator: "\n")[1]
    let bytes = try Data(contentsOf: workspace.url("reports/secure/run.recording"))
    #expect(bytes.range(of: Data(key.utf8)) == nil)
    #expect(bytes.range(of: Data(certificate.utf8)) == nil)
    try FileManager.default.removeItem(at: workspace.url("server.key"))
    let ending = try workspace.run(["report", "reports/secure/run.recording"])
    #expect(ending.exitCode == 0)
  }

  @Test func `check says what is wrong with a certificate`() throws {
    try #require(Self.hasOpenSSL)
    try OpenSSL.certificate(in: workspace)
    try OpenSSL.certificate("other", in: workspace)
    try workspace.write("no certificate\n", to: "text.pem")
    for (tls, words) in [
      ("{certificate: missing.pem, key: server.key}", "missing.pem: certificate: No such file"),
      ("{certificate: text.pem, key: server.key}", "text.pem: certificate: "),
      ("{certificate: server.pem, key: other.key}", "other.key: private key: "),
    ] {
      let plan = PlanText(goal: "5", server: "tls: \(tls)")
      try workspace.write(plan.on(network), to: "secure.plan")
      let ending = try workspace.run(["check", "secure.plan"])
      #expect(ending.exitCode != 0)
      #expect(ending.errors.contains(words), "\(ending.errors)")
    }
    var plan = PlanText(goal: "5", target: "[\"127.0.0.1:443\", \"127.0.0.9:443\"]")
    plan.rest = ["tls: on"]
    try workspace.write(plan.on(network), to: "secure.plan")
    #expect(try workspace.run(["check", "secure.plan"]).errors.contains("'server-name'"))
  }

  // MARK: Somebody else's server

  private func theirs(_ tls: String, goal: String = "3", phases: [String] = []) -> PlanText {
    var plan = PlanText(
      goal: goal, target: network.endpoint, clients: "processes: 1, connect-timeout: 5s",
      phases: ["ramp: {to: \"${goal}\"}"] + phases)
    plan.rest = ["tls: \(tls)"]
    return plan
  }

  @Test(
    .enabled(if: hasOpenSSL, "openssl is not installed"),
    arguments: [
      ("on", [], "certificate: self-signed certificate (18)"),
      ("{verify: server.pem}", [], "certificate: IP address mismatch (64)"),
      ("{verify: server.pem, server-name: x.test}", [], "certificate: hostname mismatch (62)"),
      ("{verify: off, versions: 1.3}", ["-tls1_2"], "the peer sent protocol_version (70)"),
      (
        "{verify: off, versions: 1.2, ciphers: ECDHE-ECDSA-AES128-GCM-SHA256}",
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
        "the peer sent handshake_failure (40)"
      ),
      (
        "{verify: off, versions: 1.3}", ["-Verify", "1"], "the peer sent certificate_required (116)"
      ),
      ("{verify: off, versions: 1.2}", ["-Verify", "1"], "the peer sent handshake_failure (40)"),
    ] as [(String, [String], String)])
  func `s_server's refusals are said`(tls: String, arguments: [String], words: String) throws {
    try OpenSSL.certificate(in: workspace)
    let server = try OpenSSL.server(arguments, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    // TLS 1.3 is established before the server has seen the client's certificate, and refuses it in the hold.
    let phases = words.contains("certificate_required") ? ["hold: 5s"] : []
    let summary = try run(theirs(tls, goal: "1", phases: phases))
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "refused-by-peer")
    #expect(summary.limit?.said?.text == words)
  }

  @Test(.enabled(if: hasOpenSSL, "openssl is not installed"))
  func `a client certificate is shown, and new keys are taken`() throws {
    try OpenSSL.certificate(in: workspace)
    try OpenSSL.certificate("client", in: workspace)
    let server = try OpenSSL.server(["-Verify", "1"], at: network, in: workspace)
    try workspace.write(
      theirs(
        "{verify: server.pem, server-name: server.test, certificate: client.pem, key: client.key}",
        goal: "1", phases: ["hold: 3s"]
      ).on(network), to: "secure.plan")
    let program = try workspace.start(["secure.plan"])
    #expect(server.says("CIPHER is"))
    server.say("K\n")
    server.say("hello\n")
    server.say("K\n")
    #expect(try program.wait().exitCode == 0)
    #expect(server.text.contains("CN=client") || server.text.contains("CN = client"))
  }

  @Test func `a server of plain text is no TLS`() throws {
    try #require(Self.hasNginx)
    let server = try ForeignServer.nginx(connections: 100, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    let summary = try run(theirs("{verify: off}"))
    #expect(summary.limit?.said?.text == #"not TLS: "HTTP/1.1 400 Bad""#)
  }

  @Test(
    .enabled(if: hasNginx && hasOpenSSL, "nginx or openssl is not installed"),
    arguments: ["1.2", "1.3"])
  func `nginx answers over TLS`(version: String) throws {
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    let server = try ForeignServer.nginx(
      connections: 1000, at: network, in: workspace,
      tls:
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate server.pem; ssl_certificate_key server.key;"
    )
    defer { withExtendedLifetime(server) {} }
    var plan = theirs(
      "{verify: server.pem, versions: \(version)}", goal: "100",
      phases: ["hold: {for: 1s, messages: get}"])
    plan.rest += [
      "messages: {get: {rate: 200/s, send: \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\", expect: {matches: \"hello\\n$\"}}}"
    ]
    plan.thresholds = ["messages.lost == 0", "messages.received > 150"]
    #expect(try run(plan).verdict == "passed")
  }

  // MARK: Somebody else's client

  @Test(.enabled(if: hasOpenSSL && hasCurl, "openssl or curl is not installed"))
  func `s_client and curl speak with a plan's server`() throws {
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    let plan = PlanText(
      goal: "5",
      server:
        "tls: {certificate: server.pem, key: server.key}, reply: {send: \"HTTP/1.0 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nyes\"}",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 60s"])
    try workspace.write(plan.on(network), to: "secure.plan")
    let program = try workspace.start(["secure.plan"])
    var client: OpenSSL?
    for _ in 0..<100 {
      let attempt = try OpenSSL(
        ["s_client", "-connect", network.endpoint, "-CAfile", "server.pem"], in: workspace)
      if attempt.says("Verify return code: 0 (ok)") {
        client = attempt
        break
      }
    }
    client?.say("hello\n")
    #expect(client?.says("HTTP/1.0 200 OK") == true)
    let file = workspace.fresh("curl")
    for (arguments, words) in [
      (["--cacert", "server.pem", "--tlsv1.3"], "yes"),
      (["--cacert", "server.pem", "--tls-max", "1.2"], "yes"), ([], ""),
    ] {
      let curl = Process()
      curl.executableURL = URL(fileURLWithPath: ForeignServer.path(of: "curl") ?? "curl")
      curl.arguments = ["-s", "-m", "20", "https://\(network.endpoint)/"] + arguments
      curl.currentDirectoryURL = workspace.directory
      curl.standardOutput = try FileHandle(forWritingTo: file)
      try curl.run()
      curl.waitUntilExit()
      #expect((curl.terminationStatus == 0) == !words.isEmpty)
    }
    #expect(try workspace.text(of: file.lastPathComponent).contains("yes"))
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 105)
    #expect(try workspace.recording(of: "secure").failures.isEmpty)
  }
}
