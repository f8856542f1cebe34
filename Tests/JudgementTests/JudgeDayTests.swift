import Recording
import Testing

@testable import Judgement
@testable import Plan

/// A day of samples. Where each window looked at every sample of the day, judging it took hours.
@Suite struct JudgeDayTests {
  private static let seconds = 86_400

  private static let recording: Recording = {
    var recording = Recording(planName: "day") {
      $0.complete = true
    }
    recording.duration = Double(seconds)
    recording.phases = [
      PhaseRecord(
        name: "hold", kind: .hold, title: "hold for 24 h", planLine: 1, started: 0,
        ended: Double(seconds), outcome: .done, established: 1000)
    ]
    func series(_ key: Series.Key, _ kind: Series.Kind, _ value: (Int) -> Double) -> Series {
      Series(
        key: key, unit: "connections", kind: kind,
        points: (0...seconds).map { .init(at: Double($0), value: value($0)) })
    }
    recording.series = [
      // One dip, and one more failure than usual, late in the day.
      series(.established, .gauge) { $0 == 80_000 ? 990 : 1000 },
      series(.failures, .counter) { $0 >= 70_000 ? 5 : 0 },
      series(.attempts, .counter) { Double($0) },
    ]
    recording.distributions = (1...seconds).map { second in
      DistributionRecord(
        latency: .roundTrip, phase: "hold", from: Double(second - 1), to: Double(second),
        distribution: Distribution(
          buckets: [.init(value: second == 60_000 ? 9_000_000 : 1_000_000, count: 2)]))
    }
    return recording
  }()

  @Test(arguments: [
    ("connections <= 1000 for 1h", true), ("failures.rate < 0.1% for 1h", false),
    ("failures.rate < 1% for 10m", true), ("rtt.max < 5ms for 1h", false),
    ("rtt.p50 < 5ms for 1h", true),
  ])
  func `a window of an hour is judged at every sample of a day`(
    condition: String, holds: Bool
  ) throws {
    let text = "server: {listen: \"127.0.0.1:9000\"}\nphases: [hold: 24h]\n"
    var recording = Self.recording
    recording.planText = text
    let result = try judge(recording, conditions: [condition]).thresholds[0]
    #expect(result.passed == holds, "\(result.reason)")
    #expect(result.value != nil)
  }
}
