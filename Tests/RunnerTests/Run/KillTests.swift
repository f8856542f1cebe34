import Foundation
import Glibc
import Recording
import Testing

/// `kill -9` of a run at any instant: what was recorded is read and reported as incomplete.
@Suite(.tags(.realKernel)) struct KillTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let network = try Loopback()
    // A second of ramp, and then something going on until the last of the kills.
    var plan = PlanText(
      goal: "2k", server: "processes: 1", clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: 2k/s}", "hold: 10s", "close: reset"])
    plan.rest = ["name: killed"]
    try workspace.write(plan.on(network), to: "killed.plan")
    plan.goal = "20"
    plan.phases[1] = "hold: 100ms"
    try workspace.write(plan.on(network), to: "next.plan")
  }

  private static let path = "reports/killed/run.recording"

  /// Nanoseconds after the start: between 0.1 and 2.5 s, the same for each seed.
  private func delay(_ seed: Int) -> UInt64 {
    var mixed = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 7
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return 100_000_000 + (mixed ^ (mixed >> 31)) % 2_400_000_000
  }

  /// Starts the run, kills it then, and waits until its workers are gone as well.
  ///
  /// A thread of its own does it on time, however many tests wait for one of theirs meanwhile.
  private func kill(after delay: UInt64) async throws {
    let program = try workspace.start(["killed.plan", "--quiet"])
    let id = program.id
    let workers = await withCheckedContinuation { killed in
      Thread {
        var rest = timespec(
          tv_sec: Int(delay / 1_000_000_000), tv_nsec: Int(delay % 1_000_000_000))
        nanosleep(&rest, nil)
        let workers = ProcessTable.children(of: id)
        Glibc.kill(id, SIGKILL)
        killed.resume(returning: workers)
      }.start()
    }
    #expect(program.wait(atMost: .seconds(20)).signal == SIGKILL)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })
  }

  /// Twenty kills, some at a time.
  @Test(arguments: 0..<5)
  func `a run that is killed at any instant is reported as incomplete`(batch: Int) async throws {
    for seed in 4 * batch..<4 * batch + 4 {
      clear()
      try await killAndReport(seed)
    }
  }

  private func killAndReport(_ seed: Int) async throws {
    var delay = delay(seed)
    try await kill(after: delay)
    // Before its recording begins a run leaves nothing that could be read, and says so; a moment
    // later it is one of the twenty.
    while try isBeforeRecording() {
      delay += 200_000_000
      // Else the next one files away what this one left.
      clear()
      try await kill(after: delay)
    }

    let recording = try workspace.recording(of: "killed")
    #expect(!recording.complete)
    #expect(recording.verdict == nil)
    #expect(recording.planName == "killed")
    #expect(recording.phases.map(\.name) == ["ramp", "hold", "close"])
    let established = recording.series(.established)?.points.map(\.value) ?? []
    #expect(established.allSatisfy { (0...2000).contains($0) })
    let before = workspace.files(in: "reports/killed")

    let ending = try workspace.run(["report", Self.path, "--out", "out"])
    #expect(ending.exitCode == 1)
    #expect(ending.output.contains("incomplete recording: ends "), "\(ending.output)")
    let junit = try JUnitFile(workspace.url("out/TEST-killed.xml"))
    #expect(junit.cases("error").count == 1)
    #expect(junit.cases("error").first?.message?.contains("incomplete") == true)
    #expect(try workspace.text(of: "out/report.html").contains("Incomplete"))
    #expect(workspace.files(in: "reports/killed") == before)
  }

  @Test func `a run that is killed while it starts leaves nothing half`() async throws {
    for step in 0..<10 as Range<UInt64> {
      clear()
      try await killAtStart(after: step * 10_000_000)
    }
  }

  private func killAtStart(after delay: UInt64) async throws {
    try await kill(after: delay)
    if try isBeforeRecording() {
      // What is left is in nobody's way.
      let next = try workspace.run(["next.plan", "--quiet"])
      #expect(next.exitCode == 0, "\(next.errors)")
    } else {
      #expect(try !workspace.recording(of: "killed").complete)
    }
  }

  private func clear() {
    for name in ["reports", "out"] { try? FileManager.default.removeItem(at: workspace.url(name)) }
  }

  /// Whether the run was killed before there was anything to record; then that is what is said, and
  /// there is nothing but what SQLite keeps of a transaction that never was.
  private func isBeforeRecording() throws -> Bool {
    let ending = try workspace.run(["report", Self.path, "--out", "out"])
    let isMissing = ending.errors.contains("There is no recording at ")
    let isEmpty = ending.errors.contains("is empty: its run ended before it began")
    guard isMissing || isEmpty else { return false }
    #expect(ending.exitCode == 1)
    #expect(ending.output.isEmpty)
    #expect(!workspace.exists("out"))
    let left = Set(workspace.files(in: "reports/killed"))
    // A run says from the first instant on that it did not finish.
    let expected: Set = ["run.recording", "run.recording-journal", "TEST-killed.xml"]
    #expect(left.isSubset(of: expected), "\(left)")
    #expect(left.isSubset(of: ["TEST-killed.xml"]) || isEmpty)
    return true
  }
}
