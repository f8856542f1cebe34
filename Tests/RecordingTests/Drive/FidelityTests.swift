import Recording
import Testing

/// How close a replay came, from two recordings.
@Suite struct FidelityTests {
  /// A ramp of one worker; an arrival in each of these ticks, and messages of one pattern.
  private func run(
    _ ticks: [UInt8], startingAt started: Double = 1, messages: UInt8 = 0, phase: PhaseKind = .ramp
  ) -> Recording {
    var entries: [UInt8] = [2, 0]
    var last: UInt8 = 0
    for tick in ticks {
      // Two bytes hold what is beyond fifteen ticks.
      let header = UInt64(tick - last) << 3
      entries += header > 127 ? [UInt8(header & 127) | 128, UInt8(header >> 7)] : [UInt8(header)]
      last = tick
    }
    if messages > 0 { entries += [5, 0, messages] }
    return Recording(planName: "x") {
      $0.phases = [
        PhaseRecord(
          name: phase.rawValue, kind: phase, title: phase.rawValue, planLine: 1, started: started,
          ended: 9,
          outcome: .done)
      ]
      $0.drive = [DriveRecord(worker: 0, entries: entries)]
    }
  }

  private func fidelity(
    _ original: Recording, _ replay: Recording, speed: Double = 1, phases: [String] = ["ramp"]
  ) -> Fidelity {
    Fidelity(of: replay, to: original, phases: phases, speed: speed)
  }

  private func isNear(_ left: Double?, _ right: Double) -> Bool {
    left.map { abs($0 - right) < 1e-9 } ?? false
  }

  @Test func `the same arrivals are not late, whenever the run began`() {
    let fidelity = fidelity(run([0, 5, 9]), run([0, 5, 9], startingAt: 4))
    #expect(fidelity.arrivals == 3)
    #expect(fidelity.missed == 0)
    #expect(isNear(fidelity.late?.max, 0))
    #expect(isNear(fidelity.furthest, 0))
  }

  @Test func `the k-th arrival of the one is held against the k-th of the other`() {
    let fidelity = fidelity(run([0, 10, 20, 30]), run([0, 12, 20, 70]))
    #expect(isNear(fidelity.late?.p50, 0))
    #expect(isNear(fidelity.late?.p99, 0.040))
    #expect(isNear(fidelity.late?.max, 0.040))
    #expect(isNear(fidelity.furthest, 0.040))
  }

  @Test func `early is not late, and yet apart`() {
    let fidelity = fidelity(run([0, 10, 20]), run([0, 4, 20]))
    #expect(isNear(fidelity.late?.max, 0))
    #expect(isNear(fidelity.furthest, 0.006))
  }

  @Test func `what was not driven is missed; what was driven beyond is not`() {
    #expect(fidelity(run([0, 1, 2, 3]), run([0, 1])).missed == 2)
    #expect(fidelity(run([0, 1]), run([0, 1, 2, 3])).missed == 0)
    let nothing = fidelity(run([0, 1, 2]), Recording(planName: "x"))
    #expect(nothing.missed == 3)
    #expect(nothing.late == nil)
  }

  @Test func `what one phase has missed makes no other one late`() {
    func run(_ first: [UInt8], _ second: [UInt8]) -> Recording {
      Recording(planName: "x") {
        $0.phases = [("ramp", 1.0), ("churn", 30.0)].map { name, started in
          PhaseRecord(
            name: name, kind: .ramp, title: name, planLine: 1, started: started, ended: started + 9,
            outcome: .done)
        }
        // Each arrival a tick after the one before.
        $0.drive = [DriveRecord(worker: 0, entries: [2, 0] + first + [2, 1] + second)]
      }
    }
    let fidelity = fidelity(
      run([8, 8, 8, 8], [8, 8]), run([8, 8], [8, 8]), phases: ["ramp", "churn"])
    #expect(fidelity.missed == 2)
    #expect(isNear(fidelity.late?.max, 0))
  }

  @Test func `at twice the speed half of the time is right`() {
    let fidelity = fidelity(run([0, 10, 40]), run([0, 5, 20], startingAt: 2), speed: 2)
    #expect(isNear(fidelity.late?.max, 0))
    #expect(isNear(fidelity.furthest, 0))
  }

  @Test func `messages are counted pattern by pattern`() {
    let fidelity = fidelity(run([0], messages: 100), run([0], messages: 93))
    #expect(fidelity.messages == 100)
    #expect(fidelity.messagesMissed == 7)
  }

  @Test func `a search is searched again, so its arrivals say nothing`() {
    let fidelity = fidelity(
      run([0, 9], phase: .search), run([0], phase: .search), phases: ["search"])
    #expect(fidelity.arrivals == 0)
    #expect(fidelity.late == nil)
  }
}
