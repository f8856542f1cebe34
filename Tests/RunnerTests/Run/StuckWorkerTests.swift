import Foundation
import Glibc
import Recording
import Testing

/// Workers that live and do nothing: stopped by a signal, as a debugger or a shell would.
@Suite(.tags(.realKernel), .timeLimit(.minutes(10))) struct StuckWorkerTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  /// Starts a run and stops one of its two workers once they are there: the server's is the first
  /// that is forked.
  private func start(_ phases: [String], stopping end: End) throws -> RunningProgram {
    var plan = PlanText(
      goal: "100", server: "processes: 1", clients: "processes: 1", phases: phases)
    plan.rest = ["name: stuck"]
    try workspace.write(plan.on(network), to: "stuck.plan")
    let program = try workspace.start(["stuck.plan"])
    var workers: [ProcessTable.Entry] = []
    let begins = program.wait {
      workers = ProcessTable.children(of: program.id)
      return workers.count == 2 && workspace.exists("reports/stuck/run.recording")
    }
    try #require(begins, "\(program.errorsSoFar)")
    kill(workers[end == .server ? 0 : 1].id, SIGSTOP)
    return program
  }

  private func expectFinding(_ end: End) throws {
    let recording = try workspace.recording(of: "stuck")
    let limit = try #require(recording.limits.first { $0.resource == .workerDied })
    #expect(limit.end == end)
    let says = limit.evidence.map(\.value)
    #expect(says.contains { $0.contains("was stopped (state T)") }, "\(says)")
  }

  @Test(arguments: [End.client, .server])
  func `a worker that is stopped is named, and waited for no longer`(end: End) throws {
    let program = try start(["ramp: {to: \"${goal}\", rate: 20/s}", "hold: 10s"], stopping: end)
    let ending = program.wait(atMost: .seconds(50))
    #expect(ending.exitCode == 100, "\(ending.errors)")
    try expectFinding(end)
  }

  @Test func `a server that is stopped when the run ends is no pass`() throws {
    let program = try start(
      ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: 4s"], stopping: .server)
    let ending = program.wait(atMost: .seconds(40))
    #expect(ending.exitCode == 100, "\(ending.output)\(ending.errors)")
    try expectFinding(.server)
  }

  @Test func `a stopped worker does not keep an interrupted run`() throws {
    let program = try start(["ramp: {to: \"${goal}\", rate: 1/s}"], stopping: .client)
    program.signal(SIGINT)
    let ending = program.wait(atMost: .seconds(40))
    #expect(ending.exitCode == 105, "\(ending.errors)")
    try expectFinding(.client)
  }
}
