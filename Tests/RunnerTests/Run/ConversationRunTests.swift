import Foundation
import Testing

/// Conversations from the command line to the report.
@Suite(.tags(.realKernel)) struct ConversationRunTests {
  private let workspace: Workspace
  private let network: Loopback

  private static let hasRedis = ForeignServer.path(of: "redis-server") != nil

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private static let session = """
    conversation: 1
    connections:
      - client: 127.0.0.1:50312
        steps:
          - {send: "SET session:key 1\\r\\n", after: 400us}
          - {receive: "+OK\\r\\n", after: 90us}
          - {send: "INCR session:key\\r\\n", after: 20ms}
          - {receive: ":2\\r\\n", after: 80us}
          - {send: "GET session:key\\r\\nDEL session:key\\r\\n", after: 1ms}
          - {receive: "$1\\r\\n2\\r\\n", after: 80us}
          - {receive: ":1\\r\\n", after: 20us}
      - client: 127.0.0.1:50313
        steps:
          - {send: {base64: "U0VUIHNlc3Npb246a2V5IP/+DQo="}}
          - {receive: "+OK\\r\\n", after: 90us}
          - {send: "STRLEN session:key\\r\\n"}
          - {receive: ":2\\r\\n", after: 80us}

    """

  private func plan(
    _ more: String, goal: Int, phases: [String], thresholds: [String]
  ) throws {
    var plan = PlanText(
      goal: "\(goal)", target: network.endpoint, phases: phases, thresholds: thresholds)
    plan.rest = ["messages:", "  session: {conversation: talks/session.yaml\(more)}"]
    try FileManager.default.createDirectory(
      at: workspace.url("talks"), withIntermediateDirectories: true)
    try workspace.write(Self.session, to: "talks/session.yaml")
    try workspace.write(plan.on(network), to: "session.plan")
  }

  @Test(.enabled(if: hasRedis, "Redis is not installed"))
  func `a session with Redis is played on a thousand connections at once`() throws {
    let server = try ForeignServer.redis(connections: 2_000, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    try plan(
      ", substitute: {\"session:key\": \"${PREFIX:-none}:{connection}\"}", goal: 1000,
      phases: [
        "ramp: {to: \"${goal}\", rate: 5k/s}", "hold: {for: 2s, messages: session}", "close: reset",
      ],
      thresholds: [
        "connections >= ${goal}", "messages.sent == ${goal} in hold", "messages.lost == 0",
        "rtt.max < 5s", "failures == 0",
      ])
    let (ending, summary) = try workspace.summary(
      of: ["session.plan"], environment: ["PREFIX": "test"])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect(summary.messages["sent"] == 1000)
    #expect(summary.messages["received"] == 1000)
    // The recording has all that it takes to judge it again.
    let recording = try workspace.recording(of: "session")
    #expect(recording.attachments.map(\.name) == ["talks/session.yaml"])
    let again = try workspace.summary(of: ["report", "reports/session/run.recording"])
    #expect(again.summary.verdict == "passed", "\(again.ending.errors)")
  }

  @Test(.enabled(if: hasRedis, "Redis is not installed"))
  func `an answer that is another one fails the plan`() throws {
    let server = try ForeignServer.redis(connections: 500, at: network, in: workspace)
    defer { withExtendedLifetime(server) {} }
    // Everybody counts the same key up, so all but one hear other numbers.
    try plan(
      ", delays: none", goal: 100,
      phases: ["ramp: {to: \"${goal}\", messages: session}", "close: reset"],
      thresholds: ["messages.received == ${goal}"])
    let (_, summary) = try workspace.summary(of: ["session.plan"])
    #expect(summary.exit == 99)
    #expect(summary.messages["sent"] == 100)
    #expect((summary.messages["received"] ?? 0) ?? 0 < 100)
  }

  @Test func `a file that is wrong is shown with its line`() throws {
    try plan("", goal: 5, phases: ["ramp: {to: 5, messages: session}"], thresholds: [])
    try workspace.write("conversation: 3\n", to: "talks/session.yaml")
    let ending = try workspace.run(["check", "session.plan"])
    #expect(ending.exitCode == 104)
    #expect(
      ending.errors.contains(
        "talks/session.yaml:1:15: error: the file has version 3 of the format"))
  }
}
