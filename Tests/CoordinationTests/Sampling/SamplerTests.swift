import Linux
import Recording
import Simulation
import Testing

@testable import Coordination
@testable import Probe

/// The values of all series at one instant, from simulated workers.
@Suite struct SamplerTests {
  private static func plan(sources: String) -> String {
    """
    server: {listen: "127.0.0.1:9000", processes: 2}
    clients: {sources: \(sources), processes: 1}
    phases: [ramp: {to: 1000, rate: 1k/s}]
    """
  }

  private static func sampler(_ prepared: PreparedRun, _ started: Instant) -> Sampler {
    Sampler(
      sources: prepared.staffing.sources.map { "\($0)" }, patterns: [], pushes: false,
      secure: Sampler.Secure(prepared.plan.tls), started: started)
  }

  @Test func `each sample has what came since the one before`() throws {
    try withSimulatedFleet(Self.plan(sources: "127.0.0.2-127.0.0.5")) { prepared, workers, fleet in
      let started = workers.now()
      var sampler = Self.sampler(prepared, started)
      fleet.post(.begin, phase: 0, start: started)
      var counted: UInt64 = 0
      for second in 1...3 {
        workers.pause(until: started.advanced(by: .milliseconds(500 * second)))
        let sample = sampler.sample(
          fleet, at: workers.now(), kernel: [], failures: [], phase: "ramp", ownProcessorTime: 0.5,
          heldAtServer: fleet.heldAtServer,
          state: nil)
        let values = sample.readings.values
        let held = min(1000, 500 * second)
        #expect(abs((values[.established] ?? 0) - Double(held)) <= 1)
        // The last one may be on its way.
        #expect(abs((values[.established] ?? 0) - (values[.accepted] ?? 0)) <= 1)
        #expect(values[.handshakes] == values[.established])
        #expect(values[.processor("coordinator")] == 0.5)
        let bySource = prepared.staffing.sources.reduce(0) { $0 + (values[.source("\($1)")] ?? 0) }
        #expect(bySource == values[.established])
        let connect = sample.distributions.filter { $0.latency == .connect }
        counted += connect.reduce(0) { $0 + $1.distribution.count }
        // All that is there has been counted, each in its own interval.
        #expect(Double(counted) == values[.established])
        #expect(second == 3 ? connect.count <= 1 : connect.count == 1)
      }
    }
  }

  @Test func `a count that begins anew after 2^32 is no gap`() throws {
    try withSimulatedFleet(Self.plan(sources: "127.0.0.2")) { prepared, workers, fleet in
      var sampler = Self.sampler(prepared, workers.now())
      let board = try #require(fleet.members.first { $0.end == .client }).board
      func counted() -> UInt64 {
        board.add(.established, 1)
        return sampler.sample(
          fleet, at: workers.now(), kernel: [], failures: [], phase: "ramp", ownProcessorTime: 0,
          heldAtServer: 0, state: nil
        ).distributions.filter { $0.latency == .connect }.reduce(0) { $0 + $1.distribution.count }
      }
      board.setCount(of: .connect, nanoseconds: 5, to: .max - 1)
      #expect(counted() == UInt64(UInt32.max) - 1)
      for _ in 0..<5 { board.record(.connect, nanoseconds: 5) }
      #expect(counted() == 5)
    }
  }

  @Test(
    arguments: [
      ("", []), ("tls: on", [.secured]), ("tls: {resume: 50%}", [.secured, .resumed]),
    ] as [(String, [Series.Key])])
  func `the first sample has the series of TLS that the plan has`(
    tls: String, keys: [Series.Key]
  ) throws {
    try withSimulatedFleet(Self.plan(sources: "127.0.0.2") + "\n" + tls) {
      prepared, workers, fleet in
      var sampler = Self.sampler(prepared, workers.now())
      let sample = sampler.sample(
        fleet, at: workers.now(), kernel: [], failures: [], phase: "ramp", ownProcessorTime: 0,
        heldAtServer: 0, state: nil)
      let found = sample.readings.filter { $0.key.name.hasPrefix("tls.") }
      #expect(found.map(\.key) == keys)
      #expect(found.allSatisfy { $0.value == 0 })
    }
  }

  @Test func `more sources than series are worth have none`() throws {
    try withSimulatedFleet(Self.plan(sources: "127.0.0.2-127.0.2.0")) { prepared, workers, fleet in
      #expect(prepared.staffing.sources.count > Sampler.mostSources)
      var sampler = Self.sampler(prepared, workers.now())
      let sample = sampler.sample(
        fleet, at: workers.now(), kernel: [], failures: [], phase: "ramp", ownProcessorTime: 0,
        heldAtServer: 0,
        state: nil)
      #expect(sample.readings.values[.established] == 0)
      #expect(!sample.readings.contains { $0.key == .source("127.0.0.2") })
    }
  }
}
