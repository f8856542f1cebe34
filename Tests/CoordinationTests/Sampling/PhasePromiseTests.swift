import Judgement
import Plan
import Recording
import Testing

@testable import Coordination

/// What a phase had to keep, from what the workers counted.
@Suite struct PhasePromiseTests {
  private func counts(
    _ atClient: Int, _ atServer: Int? = nil, established: Int = 0, churned: Int = 0, late: Int = 0,
    cutShort: Int = 0, unaccepted: Int = 0, unacceptedByDeadline: Int = 0
  ) -> PhaseCounts {
    PhaseCounts(
      atClient: atClient, atServer: atServer, established: established, churned: churned,
      closedAsRecorded: 0, late: late, cutShort: cutShort, crowded: 0, unaccepted: unaccepted,
      unacceptedByDeadline: unacceptedByDeadline)
  }

  private func promise(
    _ kind: Phase.Kind, _ begin: PhaseCounts, _ end: PhaseCounts, arrivals: Int = 0
  ) -> PhasePromise? {
    PhasePromise(
      Phase(name: "phase", line: 1, kind: kind), from: begin, to: end, arrivals: arrivals,
      found: false)
  }

  private static let churn = Phase.Kind.churn(
    Phase.Churn(rate: 100, lifetime: .seconds(1), span: .seconds(10)))

  @Test func `a hold promises what stood at both ends, and loses nothing else`() {
    // Connections that the server never accepted go; what it had accepted stays.
    let kept = promise(.hold(.seconds(1)), counts(1000, 900), counts(900, 900))
    #expect(kept == PhasePromise(promised: 900, missed: 0, tolerance: 0))
    let lost = promise(.hold(.seconds(1)), counts(1000, 900), counts(850, 850))
    #expect(lost?.missed == 50)
    // Late acceptances are no excuse for what was lost.
    let swapped = promise(
      .hold(.seconds(1)), counts(500, 300, unaccepted: 200), counts(300, 300))
    #expect(swapped?.missed == 200)
    // Nor are those that still wait.
    let partly = promise(
      .hold(.seconds(1)), counts(500, 480, unaccepted: 20), counts(490, 480, unaccepted: 10))
    #expect(partly?.missed == 10)
    let unknown = promise(.hold(.seconds(1)), counts(1000), counts(999))
    #expect(unknown == PhasePromise(promised: 1000, missed: 1, tolerance: 0))
  }

  @Test func `a storm that has not recovered misses one at least, where any was to be there`() {
    let storm = Phase.Kind.storm(
      Phase.Storm(drop: .count(1), until: 1, within: .seconds(1)))
    #expect(promise(storm, counts(10, 10), counts(10, 10))?.missed == 1)
    // What the server has never accepted was no connection, and is none now.
    let phantom = promise(storm, counts(1, 0), counts(1, 0))
    #expect(phantom == PhasePromise(promised: 0, missed: 0, tolerance: 0))
  }

  @Test func `an arrival is missed once`() {
    // Half of them failed; of the others a tenth was late.
    let half = promise(
      Self.churn, counts(20), counts(20, established: 500, churned: 500, late: 50),
      arrivals: 1000)
    #expect(half == PhasePromise(promised: 1000, missed: 550, tolerance: 0))
    // What stood beside it is held at both ends, or lost.
    let beside = promise(
      Self.churn, counts(100, 100), counts(100, 0, established: 1000, churned: 1000),
      arrivals: 1000)
    #expect(beside?.lostBeside == 100)
    #expect(beside?.missed == 0)
    let all = promise(
      Self.churn, counts(20), counts(20, established: 1000, churned: 1000), arrivals: 1000)
    #expect(all?.missed == 0)
  }

  @Test func `what is held beside a churn is not among what it tolerates`() {
    let churn = Phase(name: "churn", line: 1, kind: Self.churn, tolerance: 0.1)
    func promise(held: Int, late: Int) -> PhasePromise? {
      PhasePromise(
        churn, from: counts(20),
        to: counts(held, established: 1000, churned: 1000, late: late), arrivals: 1000,
        found: false)
    }
    #expect(promise(held: 20, late: 50)?.isKept == true)
    let lost = promise(held: 19, late: 0)
    #expect(lost == PhasePromise(promised: 1000, missed: 0, tolerance: 0.1, lostBeside: 1))
    #expect(lost?.isKept == false)
  }

  @Test func `a life that was cut short is none, and neither is one that nobody accepted`() {
    let cut = promise(
      Self.churn, counts(0), counts(0, established: 1000, churned: 1000, cutShort: 300),
      arrivals: 1000)
    #expect(cut?.missed == 300)
    let waiting = promise(
      Self.churn, counts(5),
      counts(5, established: 1000, churned: 1000, unacceptedByDeadline: 7), arrivals: 1000)
    #expect(waiting?.missed == 7)
  }
}
