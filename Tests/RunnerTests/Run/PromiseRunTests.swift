import Foundation
import Recording
import Testing

/// Every kind of phase that opens or keeps connections can break its promise, not only a ramp.
@Suite(.tags(.realKernel)) struct PromiseRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func write(_ plan: PlanText) throws {
    try workspace.write(plan.on(network), to: "promise.plan")
  }

  private func phases() throws -> [PhaseRecord] { try workspace.recording(of: "promise").phases }

  @Test(arguments: [0, 95]) func `a hold whose connections are closed has met a limit`(
    kept: Int
  ) throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(
      PlanText(
        goal: "100", target: network.endpoint,
        phases: ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: 6s"]))
    let program = try workspace.start(["promise.plan", "--json"])
    #expect(program.wait { server.accepted == 100 && program.errorsSoFar.contains("hold") })
    server.close(allBut: kept)
    let summary = try Summary(program.wait())
    #expect(summary.verdict == "limit")
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "closed-by-peer")
    #expect(summary.limit?.phase == "hold")
    let hold = try #require(try phases().last)
    #expect(hold.promise == PhasePromise(promised: 100, missed: 100 - kept))
    #expect(hold.outcome == .limit)
  }

  @Test func `a share that the plan tolerates may be lost`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(
      PlanText(
        goal: "100", target: network.endpoint,
        phases: ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: {for: 6s, tolerate: 5%}"]))
    let program = try workspace.start(["promise.plan", "--json"])
    #expect(program.wait { server.accepted == 100 && program.errorsSoFar.contains("hold") })
    server.close(allBut: 95)
    #expect(try Summary(program.wait()).verdict == "passed")
    #expect(try phases().last?.promise?.missed == 5)
  }

  @Test func `what stood beside a churn is lost, however much of the churn may be`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(
      PlanText(
        goal: "10", target: network.endpoint,
        phases: [
          "ramp: {to: \"${goal}\", rate: 10k/s}",
          "churn: {rate: 10/s, lifetime: 1s, for: 6s, tolerate: 50%}", "hold: 100ms",
        ]))
    let program = try workspace.start(["promise.plan", "--json"])
    #expect(program.wait { server.accepted >= 10 && program.errorsSoFar.contains("churn") })
    server.close(allBut: 0)
    let summary = try Summary(program.wait())
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "closed-by-peer")
    #expect(summary.limit?.phase == "churn")
    #expect(try phases()[1].promise?.lostBeside == 10)
  }

  @Test func `a condition that holds at every number leaves a search without one`() throws {
    try write(
      PlanText(
        phases: [
          "search: {from: 20, step: 20, to: 100, rate: 10k/s, confirm: 100ms,"
            + " until: [connect.p99 > 1us]}"
        ]))
    let (_, summary) = try workspace.summary(of: ["promise.plan"])
    #expect(summary.verdict == "passed")
    #expect(try phases().last?.ceiling == nil)
    let steps = try workspace.recording(of: "promise").searchSteps
    #expect(steps.map(\.goal) == [20, 10, 5, 2, 1])
    #expect(steps.allSatisfy { $0.outcome == .tooMany })
  }

  @Test func `a churn that runs out of descriptors has met a limit`() throws {
    try write(
      PlanText(
        server: "processes: 8", clients: "processes: 1",
        phases: ["churn: {rate: 500/s, lifetime: 5s, for: 2s}"]))
    let (_, summary) = try workspace.summary(
      of: ["promise.plan"], shell: "ulimit -n 300; exec \"$0\" \"$@\"")
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "descriptors-per-process")
    #expect(summary.limit?.end == "client")
    let promise = try #require(try phases().last?.promise)
    #expect(promise.promised == 1000)
    #expect((600..<800).contains(promise.missed))
  }

  @Test func `a churn at a target that refuses all tests nothing`() throws {
    try write(
      PlanText(
        target: network.endpoint, phases: ["churn: {rate: 500/s, lifetime: 1s, for: 1s}"]))
    let (_, summary) = try workspace.summary(of: ["promise.plan"])
    #expect(summary.exit == 104)
    #expect(summary.limit?.resource == "nobody-listens")
    #expect(try phases().last?.promise == PhasePromise(promised: 500, missed: 500))
  }

  @Test func `a churn whose server's port is taken tests nothing, and nothing follows`() throws {
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    try write(
      PlanText(phases: ["churn: {rate: 500/s, lifetime: 1s, for: 1s}", "hold: 20s"]))
    let (_, summary) = try workspace.summary(of: ["promise.plan"])
    #expect(summary.exit == 104)
    #expect(summary.limit?.resource == "port-taken")
    #expect(summary.limit?.syscall == "bind")
    #expect(try phases().map(\.outcome) == [.limit, .skipped])
  }

  @Test func `a churn that lives as planned keeps its promise`() throws {
    try write(PlanText(phases: ["churn: {rate: 300/s, lifetime: 300ms, for: 1s}"]))
    // A machine that gives a client no processor for a second breaks the promise now and then; a program that does not
    // keep it breaks it each time.
    var isKept = false
    for _ in 0..<3 where !isKept {
      let (_, summary) = try workspace.summary(of: ["promise.plan"])
      isKept =
        try summary.verdict == "passed"
        && phases().last?.promise == PhasePromise(promised: 300, missed: 0)
    }
    #expect(isKept)
  }

  @Test func `what a condition ended has failed, in a ramp as well`() throws {
    try write(
      PlanText(
        goal: "5k", target: network.endpoint, phases: ["ramp: {to: \"${goal}\", rate: 50/s}"],
        thresholds: ["failures.rate < 0.1% for 500ms abort"]))
    let (_, summary) = try workspace.summary(of: ["promise.plan"])
    #expect(summary.verdict == "failed")
    #expect(summary.exit == 99)
    #expect(try phases().first?.abortedBy?.hasPrefix("failures.rate < 0.1%") == true)
    let text = try workspace.run(["report", "reports/promise/run.recording", "--no-color"]).output
    #expect(text.contains("aborted"))
    // Of the last attempt it may not be known yet that it has failed.
    #expect(
      text.contains(/failures\.rate < 0\.1% for 500ms abort \(measured (100|9\d(\.\d)?)%\)/))
  }

  @Test func `an equality is not lost before its value is passed`() throws {
    try write(
      PlanText(
        goal: "200", phases: ["ramp: {to: \"${goal}\", rate: 400/s}", "hold: 300ms"],
        thresholds: ["connections == 200 abort"]))
    let (_, summary) = try workspace.summary(of: ["promise.plan"])
    #expect(summary.verdict == "passed")
  }

  @Test func `a limit that was expected hides no worker that died later`() throws {
    try write(
      PlanText(
        goal: "1k", server: "processes: 4", clients: "processes: 1",
        phases: ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: 20s"],
        rest: ["expect-limit: {errno: EMFILE}"]))
    let program = try workspace.start(
      ["promise.plan", "--json"], shell: "ulimit -n 300; exec \"$0\" \"$@\"")
    #expect(program.wait { program.errorsSoFar.contains("hold") })
    let recorded = workspace.url("reports/promise/run.recording").path
    var client: WorkerRecord?
    #expect(
      program.wait {
        client = (try? Recording.read(from: recorded))?.workers.last { $0.end == .client }
        return client != nil
      })
    kill(Int32(try #require(client).pid), SIGKILL)
    let summary = try Summary(program.wait())
    #expect(summary.exit == 100)
    #expect(summary.limit?.resource == "worker-died")
  }

  @Test func `a full server that was emptied takes connections again`() throws {
    try write(
      PlanText(
        goal: "1k", server: "processes: 1", clients: "processes: 4",
        phases: [
          "ramp: {to: \"${goal}\", rate: 10k/s}", "close: reset", "ramp: {to: 100, rate: 10k/s}",
          "hold: 300ms",
        ], rest: ["expect-limit: {errno: EMFILE}"]))
    let (_, summary) = try workspace.summary(
      of: ["promise.plan"], shell: "ulimit -n 300; exec \"$0\" \"$@\"")
    #expect(summary.verdict == "passed")
    #expect(try phases().map(\.outcome) == [.limit, .done, .done, .done])
  }
}
