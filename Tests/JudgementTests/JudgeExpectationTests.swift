import Judgement
import Plan
import Recording
import Testing

/// A run that stopped at 900 of 1,000 connections, against what its plan expected.
@Suite struct JudgeExpectationTests {
  private static func recording(expecting expected: String, thresholds: String = "") -> Recording {
    let text = """
      server: {listen: "127.0.0.1:9000"}
      phases:
        - ramp: {to: 1000}
        - hold: 10s
      expect-limit: \(expected)
      \(thresholds)
      """
    return Recording(planName: "test") {
      $0.planFile = "test.plan"
      $0.planText = text
      $0.duration = 12
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 3, goal: 1000, started: 0, ended: 2,
          outcome: .limit, established: 910, accepted: 900, phantom: 10),
        PhaseRecord(
          name: "hold", kind: .hold, title: "", planLine: 4, started: 2, ended: 12,
          outcome: .done, established: 910, accepted: 900),
      ]
      $0.limits = [
        LimitRecord(
          end: .server, phase: "ramp", planLine: 3, syscall: "accept4",
          errno: ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"),
          resource: .descriptorsPerProcess, count: 1, firstInstant: 1.5, established: 905,
          accepted: 900)
      ]
    }
  }

  private static let reached =
    "limit reached: 900 of 1,000 connections; server accept4: EMFILE (Too many open files)"

  @Test(arguments: [
    "{errno: EMFILE}", "{at: accept4}", "{end: server}", "{resource: descriptors-per-process}",
    // Phantoms do not count: 900 stood at both ends.
    "{connections: 900}", "{connections: 1..900}", "{connections: 900..1k}",
    "{errno: EMFILE, at: accept4, end: server, connections: 800..950}",
  ])
  func `a limit that was expected is a pass`(expected: String) {
    let judgement = judge(Self.recording(expecting: expected))
    #expect(judgement.verdict == .passed)
    #expect(judgement.exitCode == 0)
    #expect(judgement.headline == "passed: expected \(Self.reached)")
    #expect(judgement.limit?.errno?.name == "EMFILE")
    #expect(judgement.expectation?.met == true)
    #expect(
      judgement.expectation?.reason
        == "900 connections; server accept4: EMFILE (Too many open files)")
  }

  @Test(arguments: [
    ("{errno: ENFILE}", "expected ENFILE"), ("{at: socket}", "expected it at socket"),
    ("{end: client}", "expected it at the client"),
    ("{resource: memory}", "expected memory"),
    ("{connections: 901..1k}", "expected 901 to 1,000 connections"),
    ("{connections: 0..899}", "expected 0 to 899 connections"),
    ("{connections: 910}", "expected 910 connections"),
    // All of it has to hold, and the first that does not is told.
    ("{errno: EMFILE, at: socket, end: client}", "expected it at socket"),
  ])
  func `another limit is one, and says what it is not`(expected: String, reason: String) {
    let judgement = judge(Self.recording(expecting: expected))
    #expect(judgement.verdict == .limit)
    #expect(judgement.exitCode == 100)
    #expect(judgement.headline == "\(Self.reached); \(reason)")
    #expect(judgement.expectation?.met == false)
    #expect(judgement.expectation?.reason.hasSuffix("(Too many open files); \(reason)") == true)
  }

  @Test func `a limit without an errno is not one with it`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.limits[0].errno = nil
    recording.limits[0].syscall = nil
    recording.limits[0].resource = .memoryGuard
    #expect(judge(recording).exitCode == 100)
    recording.planText = Self.recording(expecting: "{resource: memory-guard}").planText
    #expect(judge(recording).exitCode == 0)
  }

  @Test func `a run that never reached it has failed`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.limits = []
    recording.phases[0].established = 1000
    recording.phases[0].phantom = 0
    recording.phases[0].outcome = .done
    let judgement = judge(recording)
    #expect(judgement.verdict == .failed)
    #expect(judgement.exitCode == 99)
    #expect(
      judgement.headline == "the expected limit was not reached: 1,000 of 1,000 connections")
    #expect(
      judgement.expectation
        == Expectation(
          text: "expect-limit: {errno: EMFILE}", met: false, reason: "no limit was reached"))
  }

  @Test func `a run that fell short of its goal for no reason is a limit, not an expected one`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.limits = []
    #expect(judge(recording).exitCode == 100)
    #expect(judge(recording).expectation?.met == false)
  }

  @Test(arguments: [("{connections: 700..800}", Int32(0)), ("{connections: 900}", 100)])
  func `what stood in the phase that was broken counts, not what the run had before`(
    expected: String, exit: Int32
  ) {
    var recording = Self.recording(expecting: expected)
    recording.phases[0].outcome = .done
    recording.phases[0].goal = 900
    recording.phases[1].outcome = .limit
    recording.phases[1].promise = PhasePromise(promised: 900, missed: 150, tolerance: 0)
    recording.limits[0].phase = "hold"
    #expect(judge(recording).exitCode == exit, "\(judge(recording).headline)")
  }

  @Test func `a worker that died later is not hidden by the limit that was expected`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.phases[1].outcome = .limit
    recording.limits.append(
      LimitRecord(
        end: .client, worker: 3, phase: "hold", planLine: 4, resource: .workerDied, count: 1,
        firstInstant: 7, established: 905, accepted: 900))
    let judgement = judge(recording)
    #expect(judgement.exitCode == 100)
    #expect(judgement.limit?.resource == .workerDied)
    #expect(judgement.broken.map(\.phase.name) == ["hold"])
  }

  @Test func `every broken phase must have met the limit that was expected`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.phases[1].outcome = .limit
    var again = recording.limits[0]
    again.phase = "hold"
    recording.limits.append(again)
    #expect(judge(recording).exitCode == 0)
    recording.limits[1].errno = nil
    #expect(judge(recording).exitCode == 100)
  }

  @Test func `thresholds count all the same`() {
    let judgement = judge(
      Self.recording(
        expecting: "{errno: EMFILE}", thresholds: "thresholds: [connections >= 1k, phantom < 99]"))
    #expect(judgement.verdict == .failed)
    #expect(judgement.exitCode == 99)
    #expect(judgement.headline == "threshold failed: connections >= 1k (measured 910)")
    #expect(judgement.thresholds.map(\.passed) == [false, true])

    let good = judge(
      Self.recording(expecting: "{errno: EMFILE}", thresholds: "thresholds: [connections >= 900]"))
    #expect(good.exitCode == 0)
  }

  @Test func `it excuses neither an interruption nor a fault`() {
    var recording = Self.recording(expecting: "{errno: EMFILE}")
    recording.interrupted = true
    #expect(judge(recording).exitCode == 105)
    recording.fault = "no memory for a worker"
    #expect(judge(recording).exitCode == 1)
  }

  @Test func `without an expectation the same run is a limit`() {
    let judgement = judge(Self.recording(expecting: "{errno: EMFILE}"), thresholds: [])
    #expect(judgement.exitCode == 100)
    #expect(judgement.headline == Self.reached)
    #expect(judgement.expectation == nil)
  }
}
