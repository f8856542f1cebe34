import Glibc
import Recording
import Testing

/// Runs that are ended from outside.
@Suite(.tags(.realKernel), .serialized) struct SignalTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    // Some ten seconds of ramp.
    let plan = PlanText(
      goal: "3k", server: "processes: 2", clients: "processes: 2",
      phases: ["ramp: {to: \"${goal}\", rate: 300/s}", "hold: 10s", "close: reset"])
    try workspace.write(plan.on(network), to: "slow.plan")
  }

  /// Starts the slow plan and waits until connections stand.
  private func startRamp(_ arguments: [String] = []) throws -> RunningProgram {
    let program = try workspace.start(["slow.plan", "--progress", "plain", "--json"] + arguments)
    #expect(program.wait { self.established > 0 })
    return program
  }

  /// As the recording says while it is written; 0 as long as there is none.
  private var established: Double {
    let recording = try? workspace.recording(of: "slow")
    return recording?.series(.established)?.points.last?.value ?? 0
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `the first signal ends the run in order`(signal: Int32) throws {
    let program = try startRamp()
    let workers = ProcessTable.children(of: program.id)
    #expect(workers.count == 4)
    program.signal(signal)
    let ending = program.wait(atMost: .seconds(20))

    #expect(ending.exitCode == 105)
    let summary = try Summary(ending)
    #expect(summary.verdict == "interrupted")
    #expect(summary.exit == 105)
    #expect((1..<3000).contains(summary.connections.established))
    #expect(ending.errors.contains("slow: interrupted"))
    #expect(
      workspace.files(in: "reports/slow")
        == ["TEST-slow.xml", "report.css", "report.html", "report.js", "run.recording"])
    let recording = try workspace.recording(of: "slow")
    #expect(recording.complete)
    #expect(recording.interrupted)
    #expect(recording.phases.map(\.outcome) == [.interrupted, .skipped, .skipped])
    #expect(recording.limits.isEmpty)
    let junit = try workspace.junit(of: "slow")
    #expect(junit.cases("error").map(\.type) == ["interrupted"])
    #expect(junit.cases("skipped").count == 2)
    #expect(workers.allSatisfy { !ProcessTable.isAlive($0) })
  }

  @Test(arguments: 1...5)
  func `a signal as soon as there is a worker leaves reports all the same`(time: Int) throws {
    let program = try workspace.start(["slow.plan", "--json"])
    #expect(program.wait { !ProcessTable.children(of: program.id).isEmpty })
    program.signal(SIGINT)
    let ending = program.wait(atMost: .seconds(20))
    #expect(ending.exitCode == 105)
    #expect(try Summary(ending).verdict == "interrupted")
    #expect(try workspace.recording(of: "slow").interrupted)
    #expect(try workspace.junit(of: "slow").cases("error").count == 1)
  }

  @Test func `a signal in a hold leaves the ramp passed`() throws {
    let program = try startRamp(["--set", "goal=100"])
    #expect(program.wait { program.errorsSoFar.contains("hold for 10 s") })
    program.signal(SIGINT)
    let ending = program.wait(atMost: .seconds(20))
    #expect(ending.exitCode == 105)
    let recording = try workspace.recording(of: "slow")
    #expect(recording.phases.map(\.outcome) == [.done, .interrupted, .skipped])
    #expect(recording.phases[0].established == 100)
  }

  @Test func `the second signal ends it at once, and the recording still reads`() throws {
    // Stopped, the program finds both signals at once when it goes on.
    let program = try startRamp()
    let workers = ProcessTable.children(of: program.id)
    program.signal(SIGSTOP)
    program.signal(SIGINT)
    program.signal(SIGTERM)
    program.signal(SIGCONT)
    let ending = program.wait(atMost: .seconds(20))
    #expect(ending.exitCode == 105)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })
    let recording = try workspace.recording(of: "slow")
    #expect(!recording.complete)
    #expect((recording.series(.established)?.points.last?.value ?? 0) > 0)
  }

  @Test func `a coordinator that is killed takes its workers along`() throws {
    let program = try startRamp()
    let workers = ProcessTable.children(of: program.id)
    #expect(workers.count == 4)
    let seen = established
    program.signal(SIGKILL)
    let ending = program.wait(atMost: .seconds(20))
    #expect(ending.signal == SIGKILL)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })

    let recording = try workspace.recording(of: "slow")
    #expect(!recording.complete)
    #expect(recording.verdict == nil)
    let points = try #require(recording.series(.established)).points
    #expect(points.contains { $0.value >= seen && $0.value > 0 })
    #expect(points.allSatisfy { $0.value <= 3000 })
    #expect(recording.phases[0].started != nil)
    #expect(recording.phases[0].ended == nil)
    #expect(recording.duration == points.last?.at)
  }

  @Test func `the run after a killed one moves its recording to history, whole`() throws {
    let program = try startRamp()
    let workers = ProcessTable.children(of: program.id)
    program.signal(SIGKILL)
    _ = program.wait(atMost: .seconds(20))
    let killed = try workspace.recording(of: "slow")
    // The servers' ports are free when they are gone.
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })

    let next = try workspace.run(
      ["slow.plan", "--set", "goal=50", "--quiet"], shell: oneSecondHold)
    #expect(next.exitCode == 0, "\(next.errors)")
    let name = killed.started.filter { $0 != "-" && $0 != ":" } + ".recording"
    let history = workspace.url("reports/slow/history/\(name)").path
    #expect(try Recording.read(from: history) == killed)
  }

  /// The plan's hold would take ten seconds.
  private let oneSecondHold =
    "sed -i 's/hold: 10s/hold: 1s/' slow.plan && exec \"$0\" \"$@\""

  @Test(arguments: ["client", "server"])
  func `a worker that dies is recorded, and the run goes on`(end: String) throws {
    let hold = "sed -i 's/hold: 10s/hold: 8s/' slow.plan && exec \"$0\" \"$@\""
    let program = try workspace.start(
      ["slow.plan", "--progress", "plain", "--json", "--set", "goal=200"], shell: hold)
    #expect(program.wait { program.errorsSoFar.contains("hold for 8 s") })
    let running = try workspace.recording(of: "slow")
    let victim = try #require(running.workers.first { $0.end.rawValue == end })
    kill(Int32(victim.pid), SIGKILL)
    let ending = program.wait()

    #expect(ending.exitCode == 100)
    let summary = try Summary(ending)
    #expect(summary.limit?.resource == "worker-died")
    #expect(summary.limit?.end == end)
    #expect(summary.limit?.phase == "hold")
    let recording = try workspace.recording(of: "slow")
    #expect(recording.complete)
    #expect(recording.workers.first { $0.pid == victim.pid }?.signal == 9)
    #expect(recording.workers.count { $0.exitCode == 0 } == 3)
    #expect(recording.phases.allSatisfy { $0.ended != nil })
    #expect(recording.duration >= 8)
  }

  @Test func `a signal to the program ends all of several plans in order`() throws {
    let other = try Loopback()
    try workspace.write(PlanText(goal: "50").on(other), to: "second.plan")
    let program = try startRamp(["second.plan"])
    program.signal(SIGTERM)
    let ending = program.wait(atMost: .seconds(20))
    #expect(ending.exitCode == 105)
    #expect(workspace.exists("reports/slow/TEST-slow.xml"))
    #expect(try workspace.recording(of: "slow").interrupted)
    #expect(!workspace.exists("reports/second/run.recording"))
  }
}
