import Foundation
import Glibc
import Recording
import Testing

/// What stopped connections of TLS, and in whose words.
@Suite(.tags(.realKernel)) struct SecureLimitRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func plan(
    goal: String, tls: String = "tls: {verify: off}",
    phases: [String] = ["ramp: {to: \"${goal}\"}"],
    timeout: String = "1s"
  ) -> PlanText {
    var plan = PlanText(
      goal: goal, target: network.endpoint,
      clients: "processes: 1, connect-timeout: \(timeout), retries: 0", phases: phases)
    if !tls.isEmpty { plan.rest = [tls] }
    return plan
  }

  private func limits(_ plan: PlanText) throws -> (Summary, Recording) {
    try workspace.write(plan.on(network), to: "limit.plan")
    let (_, summary) = try workspace.summary(of: ["limit.plan"])
    return (summary, try workspace.recording(of: "limit"))
  }

  @Test func `a server that accepts nobody is told as in a plain run`() throws {
    let server = try SilentServer(network.endpoint, accepting: 0)
    defer { server.stop() }
    let (summary, recording) = try limits(plan(goal: "20"))
    #expect(summary.exit == 100)
    #expect(summary.limit?.end == "server")
    #expect(summary.limit?.resource == "accept-queue")
    #expect(summary.limit?.syscall == "tls")
    let limit = try #require(recording.limits.first)
    #expect(limit.endpoint == network.endpoint)
    #expect(limit.cause == "server tls: it does not accept its connections")
  }

  @Test func `a server that accepts and says nothing is not`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    let (summary, recording) = try limits(plan(goal: "20"))
    // Where the machine gives this control group a share of its processors only, that may have been the cause.
    let isThrottled = recording.limits.first?.evidence.contains { $0.value.contains("throttled") }
    #expect(summary.limit?.resource == (isThrottled == true ? "cpu" : "unclassified"))
    #expect(summary.limit?.end == "server")
    let cause = recording.limits.first?.cause
    #expect(cause == "server tls: TLS's handshake not over within 1 s")
    #expect(summary.limit?.errno?.name == "ETIMEDOUT")
  }

  @Test func `words that one refusal had are no other's`() throws {
    let listener = try TCPListener(network.endpoint)
    let thread = Thread {
      for number in 0..<20 {
        guard let peer = try? listener.accept(), (try? peer.receive(1)) != nil else { return }
        guard number == 0 else {
          try? peer.reset()
          continue
        }
        // An alert: internal_error.
        try? peer.send([0x15, 3, 3, 0, 2, 2, 80])
        _ = try? peer.receive()
      }
    }
    thread.start()
    let (_, recording) = try limits(plan(goal: "20", timeout: "20s"))
    let (alert, reset) = (
      try #require(recording.limits.first { $0.errno?.name == "EPROTO" }),
      try #require(recording.limits.first { $0.errno?.name == "ECONNRESET" })
    )
    #expect(alert.count == 1)
    #expect(alert.cause == "server tls: the peer sent internal_error (80)")
    #expect(reset.count == 19)
    #expect(reset.cause == "server tls: Connection reset by peer in mid-handshake")
  }

  @Test func `handshakes that keep connections from being begun are the reason of a slow ramp`()
    throws
  {
    var plan = PlanText(
      goal: "1500", server: "processes: 1", clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: 500/s}"])
    plan.rest = ["tls: on"]
    try workspace.write(plan.on(network), to: "limit.plan")
    let program = try workspace.start(["limit.plan"])
    var workers: [ProcessTable.Entry] = []
    let begins = program.wait {
      workers = ProcessTable.children(of: program.id)
      return workers.count == 2 && workspace.exists("reports/limit/run.recording")
    }
    try #require(begins, "\(program.errorsSoFar)")
    // The server's worker is the first. Its kernel goes on with TCP's handshakes.
    kill(workers[0].id, SIGSTOP)
    Thread.sleep(forTimeInterval: 3.2)
    kill(workers[0].id, SIGCONT)
    #expect(program.wait(atMost: .seconds(50)).exitCode == 0)
    let remark = try #require(try workspace.recording(of: "limit").phases.first).remark
    #expect(
      remark.contains("planned: 512 TLS handshakes a client process were under way"), "\(remark)")
    #expect(remark.contains("more `processes`"))
  }

  @Test(
    arguments: [
      ([0x15, 3, 1, 0, 2, 2, 70], true),
      (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), false),
    ] as [([UInt8], Bool)])
  func `a server of TLS is recognised by a plain client`(answer: [UInt8], isAlert: Bool) throws {
    let listener = try TCPListener(network.endpoint)
    let thread = Thread {
      guard let peer = try? listener.accept(), (try? peer.receive(3)) != nil else { return }
      try? peer.send(answer)
      _ = try? peer.receive()
    }
    thread.start()
    var plan = plan(
      goal: "1", tls: "", phases: ["ramp: {to: \"${goal}\"}", "hold: {for: 1s, messages: get}"])
    plan.rest = ["messages: {get: {send: GET, every: 500ms}}"]
    let (_, recording) = try limits(plan)
    let remark = try #require(recording.phases.last).remark
    #expect(remark.contains(" to get "), "\(remark)")
    #expect(
      remark.contains(", which is a TLS alert: protocol_version (70)") == isAlert, "\(remark)")
    #expect(remark.contains("TLS") == isAlert)
  }
}
