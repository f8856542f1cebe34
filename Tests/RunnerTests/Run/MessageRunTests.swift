import Foundation
import Recording
import Testing

/// Messages from the plan to the report.
@Suite(.tags(.realKernel)) struct MessageRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func run(_ plan: PlanText) throws -> Summary {
    try workspace.write(plan.on(network), to: "talk.plan")
    return try workspace.summary(of: ["talk.plan"]).summary
  }

  private func plan(_ pattern: String, goal: String = "200", hold: String = "2s") -> PlanText {
    var plan = PlanText(
      goal: goal,
      phases: [
        "ramp: {to: \"${goal}\", rate: 10k/s}", "hold: {for: \(hold), messages: ping}",
        "close: reset",
      ])
    plan.rest = ["messages: {ping: \(pattern)}"]
    return plan
  }

  @Test func `each connection says its line at its interval, and the echo is what it said`() throws
  {
    var plan = plan(#"{every: 500ms, send: "ping {connection} {sequence} {random:16}\n"}"#)
    plan.thresholds = [
      "messages.sent == 800", "messages.received == 800 in hold", "messages.lost == 0",
      "rtt.p99 < 10s", "rtt.max >= 0s",
    ]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    #expect(summary.messages["sent"] == 800)
    #expect(summary.rtt?["p50"] != nil)
    let recording = try workspace.recording(of: "talk")
    #expect(recording.distribution(of: .roundTrip).count == 800)
    #expect(recording.distribution(of: .roundTripUncorrected).count == 800)
    #expect(recording.messagePatterns == ["ping"])
    let junit = try workspace.junit(of: "talk")
    #expect(junit.properties["messages.sent"] == "800")
    #expect(junit.properties["rtt.p99"] != nil)
    let page = try workspace.text(of: "reports/talk/report.html")
    #expect(page.contains("What became of the messages"))
    #expect(page.contains("Round trip over time"))
  }

  @Test func `a rate is that of all connections together`() throws {
    var plan = plan(#"{rate: 1k/s, bytes: 64B}"#)
    plan.thresholds = ["messages.sent == 2000", "messages.lost == 0"]
    #expect(try run(plan).verdict == "passed")
  }

  @Test func `answers of a server that says something else are wrong`() throws {
    var plan = plan(#"{every: 1s, send: "hello", expect: {text: "world"}}"#, goal: "50")
    plan.server = "reply: {send: \"moon!\"}"
    plan.thresholds = ["messages.lost == 0"]
    let summary = try run(plan)
    #expect(summary.exit == 99)
    #expect(summary.messages["lost"] == 100)
    let totals = try #require(Metrics(workspace.recording(of: "talk")).messages.first)
    #expect(totals[.wrong] == 100)
    #expect(totals[.received] == 0)
  }

  @Test func `messages that nobody answers are missing, and the run goes on`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    var plan = plan(#"{every: 500ms, send: "hello", expect: {bytes: 5B}, timeout: 300ms}"#)
    plan.target = network.endpoint
    plan.thresholds = ["messages.received == 0", "rtt.p99 < 1s"]
    let summary = try run(plan)
    #expect(summary.exit == 99)
    #expect(summary.thresholds.map(\.passed) == [true, false])
    let recording = try workspace.recording(of: "talk")
    let totals = try #require(Metrics(recording).messages.first)
    #expect(totals[.missing] == 800)
    #expect(totals.unsent == 0)
    #expect(Metrics(recording).unanswered == 200)
    #expect(summary.connections.established == 200)
  }

  @Test func `a server that pauses shows in the corrected time, not in the other`() throws {
    let server = try PausingServer(network.endpoint, after: 4000, pause: .seconds(2))
    defer { server.stop() }
    var plan = plan(
      #"{every: 10ms, send: "ping {sequence}\n", timeout: 10s}"#, goal: "5", hold: "20s")
    plan.target = network.endpoint
    plan.thresholds = ["messages.lost == 0", "rtt.p99.9 >= 1s"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    let metrics = Metrics(try workspace.recording(of: "talk"))
    let uncorrected = try #require(metrics[.roundTripUncorrected])
    #expect(try #require(uncorrected.seconds(at: .p999)) < 1)
    #expect(try #require(uncorrected.seconds(at: .max)) >= 1.9)
    let page = try workspace.text(of: "reports/talk/report.html")
    #expect(page.contains("from the planned instant"))
    #expect(page.contains("from the send"))
  }

  @Test func `after an answer that was left out a connection goes on, and the rate is as planned`()
    throws
  {
    let server = try PausingServer(network.endpoint, first: "")
    defer { server.stop() }
    var plan = plan(
      #"{every: 5s, send: "ping {connection} {sequence}\n", timeout: 4500ms}"#, goal: "20",
      hold: "10s")
    plan.target = network.endpoint
    plan.thresholds = [
      "messages.sent == 40", "messages.unsent == 0", "messages.received == 20",
      "messages.lost == 20",
    ]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    let rate = try #require(Metrics(workspace.recording(of: "talk")).messageRate)
    // Of ten seconds and what the coordinator takes to end them; the answers come later.
    #expect(rate > 2 && rate <= 4.01)
  }

  @Test func `after a wrong answer that ends with its line the next ones are right`() throws {
    let server = try PausingServer(
      network.endpoint, first: "-ERR unknown command, and a long story about it\r\n")
    defer { server.stop() }
    var plan = plan(
      #"{every: 500ms, send: "P {sequence}\r\n", expect: {until: "\r\n", matches: "^P \\d+$"}}"#,
      goal: "20", hold: "2s")
    plan.target = network.endpoint
    plan.thresholds = ["messages.received == 60", "messages.lost == 20", "messages.unsent == 0"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    #expect(summary.messages["waits"] == 0)
    let totals = try #require(Metrics(workspace.recording(of: "talk")).messages.first)
    #expect(totals[.wrong] == 20)
  }

  @Test func `what a server says unasked is counted and told`() throws {
    let server = try PausingServer(
      network.endpoint, greeting: "-ERR max number of clients reached\r\n")
    defer { server.stop() }
    var plan = PlanText(
      goal: "20", phases: ["ramp: {to: \"${goal}\"}", "hold: 3s", "close: reset"])
    plan.target = network.endpoint
    plan.thresholds = ["unasked == 20", "connections == 20"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    let recording = try workspace.recording(of: "talk")
    #expect(recording.series(.unasked)?.points.last?.value == 20)
    #expect(recording.phases.contains { $0.remark.contains("ERR max number of clients") })
    #expect(
      try workspace.text(of: "reports/talk/report.html").contains("ERR max number of clients"))
  }

  @Test func `what connections that wait could not send is told everywhere`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    var plan = plan(
      #"{every: 500ms, send: "hello", expect: {bytes: 5B}, timeout: 5s}"#, goal: "10", hold: "2s")
    plan.target = network.endpoint
    plan.thresholds = ["messages.unsent == 30 in hold"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    #expect(summary.messages["unsent"] == 30)
    #expect(try workspace.junit(of: "talk").properties["messages.unsent"] == "30")
    let recording = try workspace.recording(of: "talk")
    #expect(recording.series(.unsent("ping"))?.points.last?.value == 30)
    #expect(recording.phases.first { $0.name == "hold" }?.remark.contains("not sent") == true)
    #expect(try workspace.text(of: "reports/talk/report.html").contains("Unsent"))
  }

  @Test func `a server that speaks first is heard by all`() throws {
    var plan = PlanText(
      goal: "100", phases: ["ramp: {to: \"${goal}\"}", "hold: 2s", "close: reset"])
    plan.server = "reply: {push: {every: 200ms, send: \"tick\\n\"}}"
    plan.thresholds = ["messages.received >= 500 in hold", "messages.lost == 0"]
    #expect(try run(plan).verdict == "passed")
  }

  @Test func `a churn opens and closes beside what stays`() throws {
    var plan = PlanText(
      goal: "100",
      phases: [
        "ramp: {to: \"${goal}\"}", "churn: {rate: 500/s, lifetime: 200ms, for: 2s, tolerate: 50%}",
        "hold: 300ms", "close: reset",
      ])
    plan.thresholds = ["failures == 0", "phantom == 0", "connections >= 150 in churn"]
    let summary = try run(plan)
    #expect(summary.verdict == "passed")
    let recording = try workspace.recording(of: "talk")
    #expect(recording.series(.churned)?.maximum == 1000)
    #expect(recording.phases.first { $0.name == "hold" }?.established == 100)
  }

  @Test func `a threshold that aborts ends the run, and the close still happens`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    var plan = plan(
      #"{every: 200ms, send: "hello", expect: {bytes: 5B}, timeout: 100ms}"#, hold: "60s")
    plan.target = network.endpoint
    plan.thresholds = ["messages.lost == 0 in hold abort"]
    let summary = try run(plan)
    #expect(summary.exit == 99)
    #expect(summary.duration < 30)
    let recording = try workspace.recording(of: "talk")
    #expect(recording.phases.map(\.outcome) == [.done, .aborted, .done])
    #expect(recording.series(.established)?.points.last?.value == 0)
  }

  @Test func `a search finds the descriptor limit of one process`() throws {
    var plan = PlanText(
      goal: "1", server: "processes: 1", clients: "processes: 1",
      phases: [
        "search: {from: 200, step: 200, to: 5k, confirm: 300ms, until: failures.rate > 50%}",
        "close: reset",
      ])
    plan.thresholds = ["connections >= 400"]
    try workspace.write(plan.on(network), to: "talk.plan")
    let (_, summary) = try workspace.summary(
      of: ["talk.plan"], shell: "ulimit -n 700; exec \"$0\" \"$@\"")
    #expect(summary.verdict == "passed")
    #expect(summary.exit == 0)
    let recording = try workspace.recording(of: "talk")
    let search = try #require(recording.phases.first)
    #expect(search.ceiling == 692)
    #expect(
      recording.searchSteps.map(\.outcome) == [.reached, .reached, .reached, .limit, .confirmed])
    #expect(recording.limits.first?.errno?.name == "EMFILE")
    let page = try workspace.text(of: "reports/talk/report.html")
    #expect(page.contains("Steps of the search"))
  }
}
