import Recording
import Testing

@testable import Coordination

/// Recordings whose phases are not those of their plan: damaged ones, and merged ones of several plans.
@Suite struct ReplayRefusalTests {
  private func recording(phases: [String]) -> Recording {
    Recording(planName: "a") {
      $0.planFile = "a.plan"
      $0.planText = """
        server: {listen: "127.0.0.1:9000"}
        phases: [ramp: {to: 9}, hold: 1s]
        """
      $0.effectivePlan = $0.planText
      $0.phases = phases.map {
        PhaseRecord(name: $0, kind: .ramp, title: $0, planLine: 2, started: 0, ended: 1)
      }
      // The first phase, and an arrival.
      $0.drive = [DriveRecord(worker: 0, entries: [2, 0, 0])]
    }
  }

  private func replay(_ phases: [String], from phase: String? = nil) throws -> Replay {
    try Replay(of: recording(phases: phases), at: "x", speed: 1, from: phase, targets: [])
  }

  @Test(arguments: [[], ["ramp"], ["hold", "ramp"], ["ramp", "churn"]])
  func `other phases than the plan's cannot be driven again`(phases: [String]) {
    #expect(
      throws: RecordingError.corrupt(path: "x", reason: "its phases are not those of its plan")
    ) { try replay(phases) }
  }

  @Test func `phases of another shard's plan are no phases to begin with`() throws {
    let phases = ["ramp", "hold", "more"]
    #expect(try replay(phases).plan.phases.count == 2)
    #expect(try replay(phases, from: "hold").plan.phases.count == 1)
    #expect {
      try replay(phases, from: "more")
    } throws: {
      "\($0)" == "The recording x has no phase 'more' (it has ramp, hold)."
    }
  }
}
