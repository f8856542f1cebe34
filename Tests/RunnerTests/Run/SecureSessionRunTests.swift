import Foundation
import Recording
import Testing

/// Sessions that are resumed, and certificates of clients, from the plan to the report.
@Suite(.tags(.realKernel)) struct SecureSessionRunTests {
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

  private func theirs(_ tls: String, phases: [String]) -> PlanText {
    var plan = PlanText(
      target: network.endpoint, clients: "processes: 1, connect-timeout: 5s", phases: phases)
    plan.rest = ["tls: {verify: off, \(tls)}"]
    return plan
  }

  private func share(_ summary: Summary) -> Double { (summary.tls?["resumed"] ?? nil) ?? -1 }

  // MARK: Resumption

  @Test(arguments: ["1.2", "1.3"])
  func `a share of the handshakes is resumed at both ends, and all reports say so`(
    version: String
  ) throws {
    var plan = PlanText(
      server: "processes: 2", clients: "processes: 2",
      phases: [
        "ramp: {to: 20, rate: 100/s}", "hold: 1s",
        "churn: {rate: 200/s, lifetime: 20ms, for: 1s, tolerate: 50%}",
        "hold: {for: 500ms, messages: short}",
      ])
    plan.rest = [
      "tls: {versions: \(version), resume: 80%}", "messages: {short: {every: 100ms, send: hello}}",
    ]
    // In the churn every process has a session of each endpoint.
    plan.thresholds = [
      "tls.resumed >= 79% in churn", "tls.resumed <= 81% in churn", "messages.lost == 0",
      "tls.p99 < 5s", "tls.max > 0s in ramp", "tls.resumed > 10% in churn for 500ms",
      "failures == 0",
    ]
    let summary = try run(plan)
    #expect(summary.verdict == "passed", "\(summary.thresholds)")
    #expect(summary.tls?["handshakes"] == 220)
    #expect((0.7...0.8).contains(share(summary)))
    #expect((summary.tls?["p50"] ?? nil) ?? 0 > 0)
    let ending = try workspace.run(["report", "reports/secure/run.recording"])
    #expect(ending.output.contains("% resumed · p50 "), "\(ending.output)")
    let xml = try workspace.text(of: "reports/secure/TEST-secure.xml")
    #expect(xml.contains("tls.resumed") && xml.contains("tls.p99"))
    let page = try workspace.text(of: "reports/secure/report.html")
    #expect(page.contains("TLS handshake p99") && page.contains("chart-tls"))
  }

  @Test func `without resume each handshake is a full one`() throws {
    var plan = PlanText(phases: ["churn: {rate: 100/s, lifetime: 20ms, for: 500ms, tolerate: 50%}"])
    plan.rest = ["tls: on"]
    plan.thresholds = ["tls.resumed == 0%"]
    #expect(try run(plan).verdict == "passed")
  }

  @Test func `a plain run has no figures of TLS`() throws {
    let summary = try run(PlanText(goal: "50"))
    #expect(summary.tls == nil)
    #expect(
      try workspace.recording(of: "secure").series.allSatisfy { $0.key.name != "tls.resumed" })
  }

  /// With early data s_server takes each ticket once; it serves one connection after the other.
  @Test(
    .enabled(if: hasOpenSSL, "openssl is not installed"),
    arguments: [
      ("1.3", [], 0.85...0.95), ("1.2", [], 0.85...0.95), ("1.2", ["-no_ticket"], 0.85...0.95),
      ("1.3", ["-early_data"], 0.75...0.95), ("1.3", ["-num_tickets", "0"], 0...0),
      ("1.2", ["-no_ticket", "-no_cache"], 0...0),
    ] as [(String, [String], ClosedRange<Double>)])
  func `sessions of s_server are resumed as it lets them be`(
    version: String, arguments: [String], expected: ClosedRange<Double>
  ) throws {
    try OpenSSL.certificate(in: workspace)
    let server = try OpenSSL.server(arguments, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    let plan = theirs(
      "versions: \(version), resume: 90%",
      phases: [
        // The churn begins with a session.
        "ramp: {to: 1}", "hold: 500ms", "close: reset",
        "churn: {rate: 20/s, lifetime: 20ms, for: 3s}",
      ])
    var summary = try run(plan)
    // A server that takes a ticket once, and has no processor while a connection lives, gives no ticket for the next.
    for _ in 0..<2 where !expected.contains(share(summary)) { summary = try run(plan) }
    #expect(summary.tls?["handshakes"] == 61)
    #expect(expected.contains(share(summary)), "\(share(summary))")
  }

  @Test(
    .enabled(if: hasNginx && hasOpenSSL, "nginx or openssl is not installed"),
    arguments: [
      ("1.3", "ssl_session_tickets on;", 0.89), ("1.2", "ssl_session_tickets on;", 0.89),
      ("1.3", "ssl_session_tickets off;", 0),
      ("1.2", "ssl_session_tickets off; ssl_session_cache none;", 0),
      ("1.2", "ssl_session_tickets off; ssl_session_cache shared:S:1m;", 0.89),
      ("1.3", "ssl_session_tickets off; ssl_session_cache shared:S:1m;", 0.89),
    ] as [(String, String, Double)])
  func `sessions of nginx are resumed as it is set up`(
    version: String, setting: String, least: Double
  ) throws {
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    let server = try ForeignServer.nginx(
      connections: 1000, at: network, in: workspace,
      tls: "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate server.pem;"
        + " ssl_certificate_key server.key; \(setting)")
    defer { withExtendedLifetime(server) {} }
    let summary = try run(
      theirs(
        "versions: \(version), resume: 90%",
        phases: [
          // The churn begins with a session, so that all of its handshakes count in the share.
          "ramp: {to: 1}", "hold: 1s",
          "churn: {rate: 100/s, lifetime: 50ms, for: 2s, tolerate: 50%}",
        ]))
    #expect(summary.verdict == "passed")
    #expect(summary.tls?["handshakes"] == 201)
    #expect(least == 0 ? share(summary) == 0 : share(summary) >= least, "\(share(summary))")
  }

  @Test(.enabled(if: hasOpenSSL, "openssl is not installed"), arguments: [true, false])
  func `s_client resumes with a plan's server where the plan resumes`(resumes: Bool) throws {
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    var plan = PlanText(
      goal: "2", server: "tls: {certificate: server.pem, key: server.key}",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 60s"])
    plan.rest = ["tls: {resume: \(resumes ? "50%" : "0%")}"]
    try workspace.write(plan.on(network), to: "secure.plan")
    let program = try workspace.start(["secure.plan"])
    func client(_ arguments: [String], says words: String) throws -> OpenSSL {
      var client: OpenSSL
      repeat {
        client = try OpenSSL(
          ["s_client", "-connect", network.endpoint, "-CAfile", "server.pem"] + arguments,
          in: workspace)
      } while !client.says(words) && client.text.contains("refused")
      return client
    }
    let first = try client(["-tls1_3", "-sess_out", "session"], says: "Verify return code: 0 (ok)")
    // The session is written when the ticket has come.
    first.say("hello\n")
    #expect(first.says("\nhello\n"))
    if resumes {
      let second = try client(["-tls1_3", "-sess_in", "session"], says: "Reused, TLSv1.3")
      #expect(second.text.contains("Reused, TLSv1.3"), "\(second.text)")
    }
    let again = try client(
      ["-tls1_2", "-reconnect"], says: resumes ? "Reused, TLSv1.2" : "drop connection and then")
    #expect(again.text.contains("Reused") == resumes, "\(again.text)")
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 105)
  }

  // MARK: Certificates of clients

  private func mutual(_ tls: String, phases: [String]) throws -> PlanText {
    try OpenSSL.certificate(for: "IP:\(network.listen)", in: workspace)
    try OpenSSL.certificate("client", in: workspace)
    try OpenSSL.certificate("other", in: workspace)
    var plan = PlanText(
      goal: "5", server: "tls: {certificate: server.pem, key: server.key, verify: client.pem}",
      clients: "processes: 1, retries: 0", phases: ["ramp: {to: \"${goal}\"}"] + phases)
    plan.rest = ["tls: {\(tls)}"]
    return plan
  }

  @Test(
    .enabled(if: hasOpenSSL, "openssl is not installed"),
    arguments: [
      "versions: 1.2", "versions: 1.3", "versions: 1.2, resume: 100%",
      "versions: 1.3, resume: 100%",
    ])
  func `clients show the certificate that the server asks for`(tls: String) throws {
    var plan = try mutual(
      "\(tls), certificate: client.pem, key: client.key",
      phases: [
        "hold: {for: 500ms, messages: short}",
        "churn: {rate: 50/s, lifetime: 20ms, for: 500ms, tolerate: 50%}",
      ])
    plan.rest.append("messages: {short: {every: 100ms, send: hello}}")
    plan.thresholds = ["messages.lost == 0", "failures == 0"]
    if tls.contains("resume") { plan.thresholds.append("tls.resumed == 100% in churn") }
    #expect(try run(plan).verdict == "passed")
  }

  @Test(
    .enabled(if: hasOpenSSL, "openssl is not installed"),
    arguments: [
      ("versions: 1.3", "the peer sent certificate_required (116)", "showed no certificate"),
      ("versions: 1.2", "the peer sent handshake_failure (40)", "showed no certificate"),
      (
        "versions: 1.3, certificate: other.pem, key: other.key", "the peer sent unknown_ca (48)",
        "certificate: self-signed certificate (18)"
      ),
      (
        "versions: 1.2, certificate: other.pem, key: other.key", "the peer sent unknown_ca (48)",
        "certificate: self-signed certificate (18)"
      ),
    ])
  func `clients without a right certificate are refused, in the words of both ends`(
    tls: String, words: String, own: String
  ) throws {
    for messages in [false, true] {
      var plan = try mutual(
        tls, phases: [messages ? "hold: {for: 1s, messages: short}" : "hold: 1s"])
      if messages { plan.rest.append("messages: {short: {every: 100ms, send: hello}}") }
      let summary = try run(plan)
      #expect(summary.exit == 100)
      let limit = try #require(summary.limit)
      #expect(limit.resource == "refused-by-peer" && limit.syscall == "tls")
      #expect(limit.said?.text == words)
      let recording = try workspace.recording(of: "secure")
      let evidence = try #require(recording.limits.first).evidence
      #expect(
        evidence.contains {
          $0.name == "the server end's own words" && $0.value.contains(own)
        }, "\(evidence)")
      // With TLS 1.3 a connection may be established when the ramp ends, and be lost in the hold.
      #expect(
        recording.failures.allSatisfy {
          $0.end == .client && $0.syscall == "tls" && $0.errno?.name == "EPROTO"
        }, "\(recording.failures)")
      #expect(recording.failures.reduce(0) { $0 + $1.count } == 5)
    }
  }

  @Test(.enabled(if: hasOpenSSL && hasCurl, "openssl or curl is not installed"))
  func `curl is served with its certificate, and refused without`() throws {
    var plan = try mutual("certificate: client.pem, key: client.key", phases: ["hold: 60s"])
    plan.server += ", reply: {send: \"yes\"}"
    plan.rest.append("protocol: http")
    try workspace.write(plan.on(network), to: "secure.plan")
    let program = try workspace.start(["secure.plan"])
    #expect(program.wait { workspace.exists("reports/secure/run.recording") })
    let own = ["--cert", "client.pem", "--key", "client.key"]
    for version in [["--tlsv1.3"], ["--tls-max", "1.2"]] {
      for (arguments, isServed) in [(own, true), ([], false)] {
        let file = workspace.fresh("curl")
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: ForeignServer.path(of: "curl") ?? "curl")
        curl.arguments =
          [
            "-s", "-m", "20", "--retry", "5", "--retry-connrefused", "--retry-delay", "1",
            "--cacert", "server.pem", "https://\(network.endpoint)/",
          ] + version + arguments
        curl.currentDirectoryURL = workspace.directory
        curl.standardOutput = try FileHandle(forWritingTo: file)
        try curl.run()
        curl.waitUntilExit()
        #expect((curl.terminationStatus == 0) == isServed)
        #expect(try workspace.text(of: file.lastPathComponent).contains("yes") == isServed)
      }
    }
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 105)
  }

  @Test func `check says what is wrong with the server's authorities`() throws {
    var plan = PlanText(goal: "5", server: "tls: {verify: missing.pem}")
    plan.phases = ["ramp: {to: 5}"]
    try workspace.write(plan.on(network), to: "secure.plan")
    let ending = try workspace.run(["check", "secure.plan"])
    #expect(ending.exitCode != 0)
    #expect(ending.errors.contains("missing.pem: "), "\(ending.errors)")
    #expect(ending.errors.contains("secure.plan:2:"), "\(ending.errors)")
  }
}
