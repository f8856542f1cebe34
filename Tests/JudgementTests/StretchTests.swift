import Judgement
import Plan
import Recording
import Testing

/// Thresholds over stretches of a run whose samples are not taken on time.
@Suite struct StretchTests {
  /// A generator with a seed, so that a run that fails can be looked at again.
  private struct Dice {
    var state: UInt64

    /// From 0 to 1.
    mutating func roll() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / 0x1p53
    }
  }

  /// A churn of ten seconds at 1,000/s with a tail of three, each of its messages answered, half a
  /// thousandth of its attempts failed; samples come up to 40% of an interval early or late.
  private func recording(seed: UInt64, interval: Double = 1) -> Recording {
    var dice = Dice(state: seed)
    let (start, due, end) = (2.3, 12.3, 15.3)
    let usual = stride(from: interval, to: end, by: interval).map {
      $0 + (dice.roll() - 0.5) * 0.8 * interval
    }
    let instants = (usual.filter { $0 < end } + [start - 0.001, due + 0.0005, end]).sorted()
    func counted(_ key: Series.Key, at rate: Double, until last: Double) -> Series {
      Series(
        key: key, unit: "", kind: .counter,
        points: instants.map { .init(at: $0, value: rate * max(0, min($0, last) - start)) })
    }
    return Recording(planName: "p") {
      $0.duration = end
      $0.phases = [
        PhaseRecord(name: "ramp", kind: .ramp, title: "", planLine: 1, started: 0, ended: 2.2),
        PhaseRecord(
          name: "churn", kind: .churn, title: "", planLine: 2, plannedRate: 1000, started: start,
          ended: end, openedUntil: due, outcome: .done),
      ]
      $0.series = [
        Series(
          key: .established, unit: "", kind: .gauge,
          points: instants.map { .init(at: $0, value: 100) }),
        counted(.handshakes, at: 1000, until: due), counted(.attempts, at: 1000, until: due),
        counted(.failures, at: 0.5, until: due),
        counted(.messages(.sent, "ping"), at: 200, until: end),
      ]
    }
  }

  private func result(
    _ metric: Metric, _ comparison: Threshold.Comparison, _ value: Double,
    for seconds: Double, of recording: Recording
  ) -> ThresholdResult {
    let threshold = Threshold(
      text: "t", line: 1, metric: metric, comparison: comparison, value: value, phase: "churn",
      window: .seconds(seconds))
    return judge(recording, thresholds: [threshold]).thresholds[0]
  }

  @Test(arguments: 1...50)
  func `a constant rate is measured as it is, whenever the samples come`(seed: UInt64) {
    for interval in [0.25, 1] {
      let run = recording(seed: seed, interval: interval)
      for seconds in [1.0, 2, 5] {
        for (metric, rate) in [(Metric.connectRate, 1000.0), (.messagesRate, 200)] {
          // Messages are counted whole.
          let slack = metric == .messagesRate ? 1 / interval * 2 : 1e-6
          let least = result(metric, .atLeast, rate - slack, for: seconds, of: run)
          #expect(least.passed, "\(metric) for \(seconds): \(least.reason)")
          let most = result(metric, .atMost, rate + slack, for: seconds, of: run)
          #expect(most.passed, "\(metric) for \(seconds): \(most.reason)")
        }
        #expect(result(.failuresRate, .atMost, 0.000501, for: seconds, of: run).passed)
      }
    }
  }

  @Test(arguments: 1...50)
  func `a count over a stretch fails only where no more, or no less, of the run proves it`(
    seed: UInt64
  ) {
    let run = recording(seed: seed, interval: 0.25)
    for seconds in [1.0, 2, 5] {
      let whole = (200 * seconds).rounded(.down)
      #expect(result(.messagesSent, .atLeast, whole - 1, for: seconds, of: run).passed)
      #expect(result(.messagesSent, .atMost, whole + 1, for: seconds, of: run).passed)
      #expect(!result(.messagesSent, .atLeast, whole * 1.6, for: seconds, of: run).passed)
      #expect(!result(.messagesSent, .atMost, whole * 0.4, for: seconds, of: run).passed)
    }
  }

  @Test func `a rate is not held against the tail in which a churn only closes`() {
    let run = recording(seed: 7)
    let result = result(.connectRate, .more, 990, for: 2, of: run)
    #expect(result.passed, "\(result.reason)")
    // As long as the churn itself: one stretch.
    #expect(self.result(.connectRate, .atLeast, 999, for: 10, of: run).passed)
    #expect(self.result(.connectRate, .atLeast, 999, for: 11, of: run).value == nil)
  }
}

/// Connections of a phase that keeps what it finds.
@Suite struct LevelTests {
  private func recording(held: [Double]) -> Recording {
    let end = Double(held.count + 1)
    let levels = [0, 1000] + held
    func gauge(_ key: Series.Key) -> Series {
      Series(
        key: key, unit: "", kind: .gauge,
        points: levels.enumerated().map { .init(at: Double($0.offset), value: $0.element) })
    }
    return Recording(planName: "p") {
      $0.duration = end
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 1, goal: 1000, started: 0, ended: 1,
          outcome: .done, established: 1000, accepted: 1000),
        PhaseRecord(
          name: "hold", kind: .hold, title: "", planLine: 2, started: 1.01, ended: end,
          outcome: .done, established: 1000, accepted: 1000),
      ]
      $0.series = [gauge(.established), gauge(.accepted)]
    }
  }

  private func passes(
    _ comparison: Threshold.Comparison, _ value: Double, in phase: String?,
    metric: Metric = .connections, window: Duration? = nil, of recording: Recording
  ) -> Bool {
    let threshold = Threshold(
      text: "t", line: 1, metric: metric, comparison: comparison, value: value, phase: phase,
      window: window)
    return judge(recording, thresholds: [threshold]).thresholds[0].passed
  }

  @Test(arguments: [Metric.connections, .accepted])
  func `a hold that loses connections does not hold them`(metric: Metric) {
    let kept = recording(held: [1000, 1000, 1000])
    let lost = recording(held: [1000, 0, 0])
    let dipped = recording(held: [1000, 600, 1000])
    #expect(passes(.atLeast, 1000, in: "hold", metric: metric, of: kept))
    #expect(passes(.equal, 1000, in: "hold", metric: metric, of: kept))
    for run in [lost, dipped] {
      #expect(!passes(.atLeast, 1000, in: "hold", metric: metric, of: run))
      #expect(!passes(.more, 600, in: "hold", metric: metric, of: run))
      #expect(!passes(.equal, 1000, in: "hold", metric: metric, of: run))
      #expect(!passes(.atLeast, 1000, in: "hold", metric: metric, window: .seconds(2), of: run))
      // The most of the ramp, and of the run.
      #expect(passes(.atLeast, 1000, in: "ramp", metric: metric, of: run))
      #expect(passes(.atLeast, 1000, in: nil, metric: metric, of: run))
    }
  }

  @Test func `an upper bound in a hold is held against the most`() {
    let dipped = recording(held: [1000, 600, 1000])
    #expect(!passes(.atMost, 900, in: "hold", of: dipped))
    #expect(!passes(.less, 1000, in: "hold", of: dipped))
    #expect(passes(.atMost, 1000, in: "hold", of: dipped))
  }
}
