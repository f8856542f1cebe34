import Foundation
import Judgement
import Plan
import Recording
import Testing

/// What chance excuses, and what there is too little of.
@Suite struct ComparisonNoiseTests {
  private func figure(
    _ metric: Metric, _ base: Recording, _ new: Recording,
    tolerances: [Metric: Double] = [:]
  ) throws -> Comparison.Figure {
    try #require(Comparison(base: base, new: new, tolerances: tolerances).figure(metric))
  }

  private func verdict(
    _ metric: Metric, _ base: Recording, _ new: Recording
  ) throws -> Comparison.Verdict {
    try figure(metric, base, new).verdict
  }

  private func run(milliseconds: [UInt64], each count: UInt64 = 500) -> Recording {
    var recording = Compared.run
    recording.distributions = Compared.latencies(milliseconds, each: count)
    return recording
  }

  /// A ramp with a sample a second, in each of which it gained so many.
  private func run(gaining gains: [Double]) -> Recording {
    var recording = Compared.run
    var total = 0.0
    let totals = gains.map { gain in
      total += gain
      return total
    }
    recording.phases = [
      Compared.phase(.ramp, from: 0, to: Double(gains.count), established: 1000)
    ]
    recording.duration = Double(gains.count)
    recording.series = [Compared.counter(.handshakes, [0] + totals)]
    return recording
  }

  private let even = [UInt64](repeating: 2, count: 10)

  @Test func `an even run excuses no more than a wakeup takes`() throws {
    let slower = try figure(
      .percentile(.p50, of: .connect), run(milliseconds: even),
      run(milliseconds: [3] + even.map { _ in 3 }))
    #expect(abs((slower.noise ?? 0) - 0.05) < 0.001)
    #expect(slower.verdict == .worse)
    #expect(
      try verdict(
        .percentile(.p50, of: .connect), run(milliseconds: [3] + even.map { _ in 3 }),
        run(milliseconds: even))
        == .better)
  }

  @Test func `a percentile within what single blocks of either run had is within noise`() throws {
    let uneven = run(milliseconds: [1, 1, 1, 1, 1, 1, 4, 4, 4, 4])
    let steady = run(milliseconds: [3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
    #expect(try verdict(.percentile(.p50, of: .connect), uneven, steady) == .withinNoise)
    #expect(try verdict(.percentile(.p50, of: .connect), steady, uneven) == .withinNoise)
    let far = run(milliseconds: [6, 6, 6, 6, 6, 6, 6, 6, 6, 6])
    #expect(try verdict(.percentile(.p50, of: .connect), uneven, far) == .worse)
  }

  @Test func `messages that were sent evenly excuse nothing`() throws {
    func sending(_ rate: Double) -> Recording {
      var recording = run(gaining: even.map { _ in 100 })
      recording.series.append(
        Compared.counter(.messages(.sent, "ping"), (0...10).map { Double($0) * rate }))
      return recording
    }
    #expect(try verdict(.messagesSent, sending(100), sending(80)) == .worse)
  }

  @Test func `a single bad interval of ten widens nothing`() throws {
    let once = run(milliseconds: [2, 2, 2, 9, 2, 2, 2, 2, 2, 2])
    #expect(
      try verdict(
        .percentile(.p50, of: .connect), once, run(milliseconds: [4] + even.map { _ in 4 }))
        == .worse)
  }

  @Test(arguments: [
    (Metric.percentile(.p50, of: .connect), 5, 100), (.percentile(.p90, of: .connect), 5, 100),
    (.percentile(.p99, of: .connect), 5, 1000),
    (.percentile(.p999, of: .connect), 5, 10_000),
  ])
  func `a percentile takes five blocks, each with ten values beyond it`(
    metric: Metric, blocks: Int, each: UInt64
  ) throws {
    let (few, enough) = (blocks - 1, blocks)
    func run(_ count: Int, _ milliseconds: UInt64) -> Recording {
      self.run(milliseconds: [UInt64](repeating: milliseconds, count: count), each: each)
    }
    #expect(try verdict(metric, run(few, 2), run(few, 9)) == .tooFew)
    #expect(try verdict(metric, run(enough, 2), run(enough, 9)) == .worse)
    #expect(try verdict(metric, run(enough, 2), run(few, 9)) == .tooFew)
    #expect(try figure(metric, run(few, 2), run(few, 9)).noise == nil)
  }

  @Test func `a maximum is shown and not judged`() throws {
    let bad = run(milliseconds: even.map { _ in 90 })
    #expect(
      try verdict(.percentile(.max, of: .connect), run(milliseconds: even), bad) == .notJudged)
  }

  /// Latencies of an exponential distribution, in five intervals.
  private func run(mean: Double, count: Int, seed: inout UInt64) -> Recording {
    var recording = Compared.run
    recording.distributions = (0..<5).map { interval in
      let buckets = (0..<count / 5).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let share = (Double(seed >> 11) + 1) / 0x1p53
        return Distribution.Bucket(value: UInt64(-mean * log(share) * 1e9), count: 1)
      }
      return DistributionRecord(
        latency: .connect, phase: "ramp", from: Double(interval), to: Double(interval + 1),
        distribution: Distribution(buckets: buckets))
    }
    return recording
  }

  @Test func `of fifty pairs from one distribution none differs, and one a fifth slower does`()
    throws
  {
    var seed: UInt64 = 15
    let metrics: [Metric] = [
      .percentile(.p50, of: .connect), .percentile(.p90, of: .connect),
      .percentile(.p99, of: .connect),
    ]
    let exact = Dictionary(uniqueKeysWithValues: metrics.map { ($0, 0.0) })
    for _ in 0..<50 {
      let (base, new) = (
        run(mean: 0.01, count: 5000, seed: &seed), run(mean: 0.01, count: 5000, seed: &seed)
      )
      let comparison = Comparison(base: base, new: new, tolerances: exact)
      for metric in metrics {
        let figure = try #require(comparison.figure(metric))
        #expect(figure.verdict == .withinNoise || figure.verdict == .same, "\(figure)")
      }
    }
    for _ in 0..<5 {
      let base = run(mean: 0.01, count: 20_000, seed: &seed)
      let slower = run(mean: 0.012, count: 20_000, seed: &seed)
      #expect(try verdict(.percentile(.p50, of: .connect), base, slower) == .worse)
    }
  }

  @Test func `a ramp of two intervals has no rate to judge`() throws {
    #expect(
      try verdict(.connectRate, run(gaining: [500, 500]), run(gaining: [300, 300])) == .tooFew)
  }

  @Test func `a rate scatters by what it gains from sample to sample`() throws {
    let even = run(gaining: [100, 100, 100, 100, 100, 100])
    let slower = run(gaining: [80, 80, 80, 80, 80, 80])
    #expect(try verdict(.connectRate, even, slower) == .worse)
    let uneven = run(gaining: [60, 140, 60, 140, 60, 140])
    #expect(try verdict(.connectRate, uneven, slower) == .withinNoise)
    // However uneven it was, a rate cannot lose more than half by chance.
    let lost = run(gaining: [40, 40, 40, 40, 40, 40])
    #expect(try verdict(.connectRate, run(gaining: [10, 190, 10, 190, 10, 190]), lost) == .worse)
  }

  @Test func `processor time is as good as it has ticks`() throws {
    func run(_ seconds: Double) -> Recording {
      var recording = Compared.run
      recording.workers = [
        WorkerRecord(id: 0, end: .client, pid: 1, userTime: seconds, exitCode: 0)
      ]
      return recording
    }
    #expect(try verdict(.userTime, run(0.2), run(0.4)) == .tooFew)
    #expect(try verdict(.userTime, run(1.2), run(1.6)) == .withinNoise)
    #expect(try verdict(.userTime, run(12), run(16)) == .worse)
  }

  @Test func `kernel memory is the host's, and stirs by itself`() throws {
    func run(_ megabytes: [Double]) -> Recording {
      var recording = Compared.run
      recording.phases[1].ended = 4 + Double(megabytes.count)
      recording.duration = 4 + Double(megabytes.count)
      recording.series.append(
        Series(
          key: .kernelMemory, unit: "bytes", kind: .gauge,
          points: megabytes.enumerated().map {
            .init(at: 4.5 + Double($0.offset), value: $0.element * 1e6)
          }))
      return recording
    }
    #expect(try verdict(.kernelMemory, run([10, 10]), run([20, 20])) == .tooFew)
    let still = run([50, 50, 50, 50, 50])
    #expect(try verdict(.kernelMemory, still, run([58, 58, 58, 58, 58])) == .worse)
    #expect(try verdict(.kernelMemory, still, run([53, 53, 53, 53, 53])) == .withinNoise)
    #expect(try verdict(.kernelMemory, still, run([58, 50, 52, 57, 58])) == .withinNoise)
    // What chance may do it may do from nothing as well.
    let nothing = run([0, 0, 0, 0, 0])
    #expect(
      try verdict(.kernelMemory, nothing, run([0.04, 0.04, 0.04, 0.04, 0.04])) == .withinNoise)
    #expect(try verdict(.kernelMemory, nothing, run([8, 8, 8, 8, 8])) == .worse)
    #expect(try figure(.kernelMemory, nothing, still).noise == nil)
  }

  @Test func `failures come by chance where they come at all`() throws {
    for count in [1, 2, 4, 100] {
      #expect(try verdict(.failures, Compared.run, Compared.failing(count)) == .worse)
    }
    #expect(try verdict(.failures, Compared.failing(100), Compared.failing(120)) == .withinNoise)
    #expect(try verdict(.failures, Compared.failing(100), Compared.failing(200)) == .worse)
  }

  @Test func `what the run and a phase have in common is judged once`() {
    let comparison = Comparison(base: Compared.run, new: Compared.holding(900))
    let held = comparison.figures.filter { $0.metric == .held }
    #expect(held.map(\.phase) == [nil, "ramp", "hold"])
    #expect(held.map(\.verdict) == [.worse, .notJudged, .notJudged])
  }

  @Test func `a replay at another speed is no base`() {
    var faster = Compared.holding(900)
    faster.replay = ReplayRecord(
      original: "run.recording", originalStarted: "", speed: 2, fromPhase: nil)
    faster.limits = [Compared.limit()]
    let comparison = Comparison(base: Compared.run, new: faster)
    #expect(comparison.exitCode == 0)
    #expect(comparison.figures.allSatisfy { $0.verdict == .notJudged || $0.verdict == .unknown })
    #expect(
      comparison.notes == ["base was driven at speed 1, new at 2: nothing is judged"])
    var same = Compared.run
    same.replay = ReplayRecord(
      original: "run.recording", originalStarted: "", speed: 1, fromPhase: nil)
    #expect(Comparison(base: same, new: Compared.holding(900)).exitCode == 99)
  }
}
