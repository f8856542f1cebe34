import Recording
import Testing

/// What a recording says of a storm besides its promise.
@Suite struct StormFactsTests {
  /// - Parameter attempts: instants in seconds, and connections that were begun by then.
  private func peak(_ attempts: [(at: Double, count: Double)], storm: ClosedRange<Double>)
    -> Double?
  {
    var recording = Recording(planName: "p")
    recording.series = [
      Series(
        key: .attempts, unit: "connections", kind: .counter,
        points: attempts.map { .init(at: $0.at, value: $0.count) })
    ]
    var phase = PhaseRecord(
      name: "storm", kind: .storm, title: "", planLine: 1, started: storm.lowerBound,
      ended: storm.upperBound)
    phase.dropped = 1000
    recording.phases = [phase]
    return recording.stormFacts(of: phase)?.peak
  }

  /// The sample that a phase begins with is taken a moment before it: 5 ms here.
  @Test func `the peak counts from the begin of the storm`() throws {
    let found = try #require(
      peak([(0, 0), (1.995, 500), (2.98, 1480), (3.1, 1500)], storm: 2...3.1))
    #expect(abs(found - 1000) < 1)
  }

  @Test func `of a storm of less than a second it is that of the whole storm`() throws {
    let found = try #require(peak([(1.99, 0), (2.2, 100), (2.4, 300)], storm: 2...2.4))
    #expect(abs(found - 750) < 1)
  }

  @Test func `where no sample tells, nobody knows`() {
    #expect(peak([], storm: 2...3) == nil)
  }
}
