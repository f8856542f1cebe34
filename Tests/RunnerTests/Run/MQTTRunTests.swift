import Foundation
import Recording
import Testing

/// Runs whose connections speak MQTT: with mosquitto and its clients, and with our own ends.
@Suite(.tags(.realKernel)) struct MQTTRunTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasMosquitto = ForeignServer.path(of: "mosquitto") != nil
  private static let hasClients = ForeignServer.path(of: "mosquitto_pub") != nil

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func run(_ plan: PlanText) throws -> Summary {
    try workspace.write(plan.on(network), to: "mqtt.plan")
    return try workspace.summary(of: ["mqtt.plan"]).summary
  }

  /// What became of the messages: sent, received, wrong, short, late, missing.
  private func counts(_ name: String) throws -> [Int] {
    try workspace.recording(of: "mqtt").outcomes(of: name)
  }

  private static let messages = [
    "reading": "rate: 200/s, publish: {topic: \"r/{connection}\", payload: \"21.5\", qos: 1}",
    "fire": "rate: 50/s, publish: {topic: \"r/{connection}\", bytes: 3kB}",
    "echo":
      "rate: 50/s, publish: {topic: \"t/{connection}/{sequence}\", payload: \"{random:9}\", qos: 1}, expect: echo",
    "text":
      "rate: 50/s, publish: {topic: \"t/{connection}\", payload: \"x {sequence}\"}, expect: {text: \"x\"}",
    "long":
      "rate: 10/s, publish: {topic: \"t/{connection}/long\", bytes: 300KiB}, expect: {bytes: 300KiB}",
    "match":
      "rate: 50/s, publish: {topic: \"t/{connection}\", payload: \"n {sequence}\"}, expect: {matches: \"^n [0-9]+$\"}",
  ]
  private static let wrong = [
    "other":
      "rate: 50/s, publish: {topic: \"t/{connection}\", payload: abc}, expect: {text: abd}"
  ]

  private func plan(
    _ settings: String = "client-id: \"c-{connection}\", subscribe: [\"t/{connection}/#\"]",
    _ messages: [String: String] = Self.messages, target: String? = nil, goal: String = "40"
  ) -> PlanText {
    .playing(messages, over: "{mqtt: {\(settings)}}", target: target, goal: goal)
  }

  private func expectAllRight(_ wrong: [String: String] = [:]) throws {
    for name in Self.messages.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 5 && counts == [counts[0], counts[0], 0, 0, 0, 0], "\(name) \(counts)")
    }
    for name in wrong.keys {
      let counts = try counts(name)
      #expect(counts[0] >= 20 && counts == [counts[0], 0, counts[0], 0, 0, 0], "\(name) \(counts)")
    }
  }

  // MARK: Both ends here

  @Test(arguments: ["off", "on", "{versions: 1.2}"], ["3.1.1", "5"])
  func `messages are acknowledged and come back over both ends, and none is lost`(
    tls: String, version: String
  ) throws {
    var plan = plan(
      "version: \(version), keep-alive: 1s, subscribe: [\"t/{connection}/#\"]",
      Self.messages.merging(Self.wrong) { $1 })
    plan.rest.append("tls: \(tls)")
    plan.thresholds = ["failures == 0"]
    #expect(try run(plan).verdict == "passed")
    try expectAllRight(Self.wrong)
    #expect(try workspace.recording(of: "mqtt").series(.waits)?.maximum == 0)
  }

  @Test func `check writes the settings out`() throws {
    let settings =
      "client-id: \"c-{connection}\", username: u, password: p, keep-alive: 5s, clean: false, version: 5, subscribe: [\"t/{connection}/#\"]"
    try workspace.write(plan(settings).on(network), to: "mqtt.plan")
    let written = try workspace.run(["check", "mqtt.plan"])
    #expect(written.exitCode == 0)
    #expect(written.output.contains("protocol: {mqtt: {\(settings)}}"), "\(written.output)")
  }

  // MARK: mosquitto

  private func mosquitto(_ lines: [String]) throws -> ForeignServer {
    try workspace.write(
      (["listener \(network.port) \(network.listen)"] + lines).joined(separator: "\n") + "\n",
      to: "mosquitto.conf")
    return try ForeignServer(
      "mosquitto", ["-c", "mosquitto.conf"], at: network, in: workspace.directory)
  }

  @Test(.enabled(if: hasMosquitto, "mosquitto is not installed"), arguments: ["3.1.1", "5"])
  func `mosquitto acknowledges, and sends back`(version: String) throws {
    let server = try mosquitto(["allow_anonymous true"])
    defer { withExtendedLifetime(server) {} }
    var plan = plan(
      "client-id: \"c-{connection}\", version: \(version), keep-alive: 3s, subscribe: [\"t/{connection}/#\"]",
      target: network.endpoint, goal: "20")
    plan.thresholds = ["failures == 0"]
    plan.phases.insert("hold: 5s", at: 2)
    #expect(try run(plan).verdict == "passed")
    try expectAllRight()
  }

  @Test(
    .enabled(if: hasMosquitto, "mosquitto is not installed"),
    arguments: [
      ("version: 3.1.1", "not authorized (5)"), ("version: 5", "not authorized (135)"),
      ("username: u, password: wrong", "not authorized (5)"),
      ("version: 5, username: u, password: wrong", "not authorized (135)"),
    ])
  func `whom mosquitto does not let in is told so everywhere`(
    settings: String, words: String
  ) throws {
    try workspace.write("u:secret\n", to: "passwords")
    // It turns the file into hashes.
    _ = try workspace.output(of: "mosquitto_passwd", ["-U", "passwords"])
    let server = try mosquitto([
      "allow_anonymous false", "password_file passwords", "user root",
    ])
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "10", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}"])
    plan.rest = ["protocol: {mqtt: {\(settings)}}"]
    let summary = try run(plan)
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "refused-by-peer")
    #expect(limit.syscall == "mqtt")
    #expect(limit.errno?.name == "EPROTO")
    #expect(limit.said?.text == words)
    let code = try #require(limit.said?.code)
    #expect(words.hasSuffix("(\(code))"))
    #expect(limit.count == 10)
    let page = try workspace.text(of: "reports/mqtt/report.html")
    #expect(page.contains(words))
    let xml = try workspace.text(of: "reports/mqtt/TEST-mqtt.xml")
    #expect(xml.contains(words))
    #expect(xml.contains("type=\"MQTT \(code)\""))
    let output = try workspace.run(["report", "reports/mqtt/run.recording"]).output
    #expect(output.contains("; server mqtt: \(words)\n"), "\(output)")
    plan.rest = ["protocol: {mqtt: {username: u, password: secret}}"]
    #expect(try run(plan).verdict == "passed")
  }

  @Test(.enabled(if: hasMosquitto, "mosquitto is not installed"))
  func `what mosquitto refuses to publish is a wrong answer with its words`() throws {
    try workspace.write("topic readwrite r/#\n", to: "acl")
    let server = try mosquitto(["allow_anonymous true", "acl_file acl", "user root"])
    defer { withExtendedLifetime(server) {} }
    let plan = plan(
      "version: 5",
      [
        "good": "rate: 50/s, publish: {topic: \"r/{connection}\", payload: x, qos: 1}",
        "bad": "rate: 50/s, publish: {topic: \"z/{connection}\", payload: x, qos: 1}",
      ], target: network.endpoint, goal: "10")
    try workspace.write(plan.on(network), to: "mqtt.plan")
    let (ending, _) = try workspace.summary(of: ["mqtt.plan"])
    let good = try counts("good")
    #expect(good[0] >= 20 && good == [good[0], good[0], 0, 0, 0, 0], "\(good)")
    let bad = try counts("bad")
    #expect(bad[0] >= 20 && bad == [bad[0], 0, bad[0], 0, 0, 0], "\(bad)")
    #expect(ending.errors.contains("PUBACK: not authorized (135)"), "\(ending.errors)")
  }

  @Test(.enabled(if: hasMosquitto, "mosquitto is not installed"))
  func `a mosquitto that is full refuses without a word`() throws {
    let server = try mosquitto(["allow_anonymous true", "max_connections 10"])
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "30", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 300ms"])
    plan.rest = ["protocol: mqtt"]
    let summary = try run(plan)
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "refused-by-peer")
    #expect(summary.limit?.syscall == "mqtt")
    // Those that it tells nothing and whose packets it has not read are reset.
    #expect(summary.connections.failures >= 19)
  }

  @Test(.enabled(if: hasMosquitto, "mosquitto is not installed"))
  func `clients of one name end each other's connections`() throws {
    let server = try mosquitto(["allow_anonymous true"])
    defer { withExtendedLifetime(server) {} }
    var plan = PlanText(
      goal: "5", target: network.endpoint, clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 300ms"])
    plan.rest = ["protocol: {mqtt: {client-id: same}}"]
    let summary = try run(plan)
    #expect(summary.limit?.resource == "closed-by-peer")
    #expect(summary.connections.failures == 4)
  }

  // MARK: mosquitto's clients

  private func serve() throws -> RunningProgram {
    let program = try workspace.start([
      "serve", "--listen", network.endpoint, "--protocol", "mqtt", "--verbose",
    ])
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    return program
  }

  @Test(
    .enabled(if: hasClients, "mosquitto-clients are not installed"),
    arguments: ["mqttv311", "mqttv5"], ["0", "1", "2"])
  func `mosquitto_pub publishes to serve`(version: String, qos: String) throws {
    let program = try serve()
    let said = try workspace.output(
      of: "mosquitto_pub",
      [
        "-h", network.listen, "-p", "\(network.port)", "-V", version, "-q", qos, "-t", "room/1",
        "-m", "it is 21.5", "--repeat", "3", "-d",
      ])
    if qos == "1" { #expect(said.components(separatedBy: "received PUBACK").count == 4, "\(said)") }
    if qos == "2" {
      #expect(said.components(separatedBy: "received PUBCOMP").count == 4, "\(said)")
    }
    #expect(program.wait { program.outputSoFar.components(separatedBy: "21.5").count == 4 })
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }

  @Test(
    .enabled(if: hasClients, "mosquitto-clients are not installed"),
    arguments: ["mqttv311", "mqttv5"])
  func `what a client asks for on one connection comes back to it`(version: String) throws {
    let program = try serve()
    // mosquitto_rr subscribes to one topic and publishes on another; here both are the same.
    let said = try workspace.output(
      of: "mosquitto_rr",
      [
        "-h", network.listen, "-p", "\(network.port)", "-V", version, "-t", "room/1", "-e",
        "room/1",
        "-m", "it is 21.5", "-W", "20",
      ])
    #expect(said == "it is 21.5\n", "\(said)")
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }

  @Test(
    .enabled(if: hasClients, "mosquitto-clients are not installed"),
    arguments: ["mqttv311", "mqttv5"])
  func `mosquitto_sub subscribes, asks and leaves`(version: String) throws {
    let program = try serve()
    let said = try workspace.output(
      of: "sh",
      [
        "-c",
        // It says by its exit code that it was to stop by then.
        "mosquitto_sub -h \(network.listen) -p \(network.port) -V \(version) -t room/+ -t 'a/#' -k 5 -W 15 -d; exit 0",
      ])
    #expect(said.contains("received SUBACK"), "\(said)")
    #expect(said.contains("received PINGRESP"), "\(said)")
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }
}
