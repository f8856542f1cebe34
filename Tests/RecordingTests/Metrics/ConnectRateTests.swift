import Recording
import Testing

/// `connect.rate`: handshakes over the time in which they were wanted.
@Suite struct ConnectRateTests {
  private func counter(_ points: [(at: Double, value: Double)]) -> Series {
    Series(
      key: .handshakes, unit: "", kind: .counter,
      points: points.map { .init(at: $0.at, value: $0.value) })
  }

  private func phase(
    _ kind: PhaseKind, from start: Double, to end: Double?, until: Double? = nil,
    rate: Double? = nil, outcome: PhaseRecord.Outcome = .done, established: Int = 1000
  ) -> PhaseRecord {
    PhaseRecord(
      name: kind.rawValue, kind: kind, title: "", planLine: 1, plannedRate: rate, started: start,
      ended: end,
      openedUntil: until, outcome: outcome, established: established)
  }

  private func rate(
    _ phases: [PhaseRecord], _ points: [(at: Double, value: Double)], in name: String? = nil,
    limits: [LimitRecord] = []
  ) -> Double? {
    Metrics(
      Recording(planName: "p") {
        $0.duration = points.last?.at ?? 0
        $0.phases = phases
        $0.series = [counter(points)]
        $0.limits = limits
      },
      phase: name
    ).connectRate
  }

  @Test func `connections that the peer closes at once do not raise the rate of a ramp`() {
    let closed = LimitRecord(
      end: .server, phase: "ramp", planLine: 1, syscall: "closed", resource: .closedByPeer,
      count: 200, firstInstant: 0.005, established: 9, accepted: 9)
    // Every tenth of 2,000 is closed; at no sample do more than 1,800 stand.
    let ramp = phase(
      .ramp, from: 0, to: 1.1, until: 1, rate: 2000, outcome: .limit, established: 1800)
    #expect(rate([ramp], [(0, 0), (1, 2000), (1.1, 2000)], limits: [closed]) == 2000)
  }

  @Test func `a churn is rated over its span, whatever stands beside it`() {
    // The last lifetimes end two seconds after the last arrival.
    let churn = phase(.churn, from: 5, to: 9, until: 7, rate: 2000)
    let points = [(5.0, 5000.0), (6, 7000), (7.001, 9000), (8, 9000), (9, 9000)]
    #expect(rate([churn], points) == 2000)
  }

  @Test func `what comes after a pace's time does not count, so that lateness shows`() {
    let late = phase(.ramp, from: 0, to: 4, until: 1, rate: 1000)
    #expect(rate([late], [(0, 0), (1, 500), (2, 800), (4, 1000)]) == 500)
  }

  @Test func `a ramp without a pace is rated until the sample that shows its last handshake`() {
    let ramp = phase(.ramp, from: 0, to: 12, until: 12, outcome: .limit)
    #expect(rate([ramp], [(0, 0), (1, 600), (2, 1000), (12, 1000)]) == 500)
  }

  @Test func `the last of n arrivals is due one early, which is no higher rate`() {
    let ramp = phase(.ramp, from: 0, to: 0.901, until: 0.9, rate: 10)
    #expect(rate([ramp], [(0, 0), (0.9, 10)]) == 10)
  }

  @Test func `a ramp that gained nothing has the rate of nothing, and a hold has none`() {
    let ramp = phase(.ramp, from: 0, to: 2, until: 1, rate: 100, outcome: .limit)
    #expect(rate([ramp], [(0, 0), (1, 0), (2, 0)]) == 0)
    #expect(rate([phase(.hold, from: 0, to: 2)], [(0, 0), (2, 100)]) == nil)
  }

  @Test func `several phases have the handshakes of all over the time of all`() {
    let phases = [
      phase(.ramp, from: 0, to: 2, until: 2, rate: 500),
      phase(.churn, from: 12, to: 15, until: 14, rate: 1000),
    ]
    let points = [(0.0, 0.0), (2, 1000), (12, 1000), (14, 3000), (15, 3000)]
    #expect(rate(phases, points) == 750)
    #expect(rate(phases, points, in: "ramp") == 500)
    #expect(rate(phases, points, in: "churn") == 1000)
  }

  @Test func `a run that was cut off is rated until its last sample`() {
    let ramp = phase(.ramp, from: 0, to: nil, until: 9, rate: 600, outcome: .skipped)
    #expect(rate([ramp], [(0, 0), (1, 600)]) == 600)
  }

  @Test func `without a count of handshakes there is no rate`() {
    let ramp = phase(.ramp, from: 0, to: 2, until: 2, rate: 500)
    let recording = Recording(planName: "p") {
      $0.duration = 2
      $0.phases = [ramp]
    }
    #expect(Metrics(recording).connectRate == nil)
  }
}
