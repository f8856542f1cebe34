import Judgement
import Plan
import Recording
import Testing

@Suite struct JudgeWindowTests {
  /// Ten seconds, a sample each; attempts come at 100 a second and fail as listed.
  private func recording(failing: [Double]) -> Recording {
    var failures = 0.0
    var points: [Series.Point] = []
    for (second, count) in failing.enumerated() {
      failures += count
      points.append(.init(at: Double(second), value: failures))
    }
    let end = Double(failing.count - 1)
    return Recording(planName: "p") {
      $0.duration = end
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 1, started: 0, ended: end,
          outcome: .done)
      ]
      $0.series = [
        Series(key: .failures, unit: "", kind: .counter, points: points),
        Series(
          key: .attempts, unit: "", kind: .counter,
          points: points.map { .init(at: $0.at, value: $0.at * 100) }),
        Series(
          key: .established, unit: "", kind: .gauge,
          points: points.map { .init(at: $0.at, value: $0.at * 100) }),
      ]
    }
  }

  private func judged(_ recording: Recording, over window: Duration) -> ThresholdResult {
    let threshold = Threshold(
      text: "failures.rate < 10%", line: 1, metric: .failuresRate, comparison: .less, value: 0.1,
      window: window)
    return judge(recording, thresholds: [threshold]).thresholds[0]
  }

  @Test func `fails on one bad stretch that the whole would hide`() {
    let run = recording(failing: [0, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0])
    #expect(judged(run, over: .seconds(2)).value == 0.15)
    #expect(!judged(run, over: .seconds(2)).passed)
    #expect(judged(run, over: .seconds(2)).reason == "measured 15% over 2 s")
    #expect(judged(run, over: .seconds(5)).passed)
  }

  @Test func `has no data where the run is shorter than the window`() {
    let result = judged(recording(failing: [0, 0]), over: .seconds(5))
    #expect(!result.passed)
    #expect(result.value == nil)
    #expect(result.reason.hasPrefix("no data"))
  }

  @Test func `messages are measured where they were counted`() {
    var run = recording(failing: [0, 0, 0, 0, 0])
    func threshold(_ metric: Metric, _ value: Double) -> Threshold {
      Threshold(text: "t", line: 1, metric: metric, comparison: .equal, value: value)
    }
    let lost = threshold(.messagesLost, 0)
    #expect(!judge(run, thresholds: [lost]).thresholds[0].passed)
    for (outcome, total) in [(MessageOutcome.sent, 40.0), (.received, 38), (.late, 2)] {
      run.series.append(
        Series(
          key: .messages(outcome, "ping"), unit: "", kind: .counter,
          points: (0...4).map { .init(at: Double($0), value: Double($0) * total / 4) }))
    }
    #expect(judge(run, thresholds: [lost]).thresholds[0].value == 2)
    #expect(judge(run, thresholds: [threshold(.messagesSent, 40)]).thresholds[0].passed)
    #expect(judge(run, thresholds: [threshold(.messagesRate, 10)]).thresholds[0].passed)
  }

  @Test
  func `a message rate is measured over stretches in which messages were wanted all the time`() {
    var run = recording(failing: [0, 0, 0, 0, 0])
    func result() -> ThresholdResult {
      let rate = Threshold(
        text: "t", line: 1, metric: .messagesRate, comparison: .atMost, value: 10,
        window: .seconds(2))
      return judge(run, thresholds: [rate]).thresholds[0]
    }
    // Ten a second, as far as one can say of 0.1 s in which three came.
    let sent = [0.0, 3, 13, 23, 23]
    let wanted = [0.0, 0.1, 1.1, 2.1, 2.1]
    for (key, values) in [
      (Series.Key.messages(.sent, "ping"), sent), (Series.Key.wanted("ping"), wanted),
    ] {
      run.series.append(
        Series(
          key: key, unit: "", kind: .counter,
          points: values.enumerated().map { .init(at: Double($0.offset), value: $0.element) }))
    }
    #expect(result().value == 10)
    #expect(result().passed)
  }
}
