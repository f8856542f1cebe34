import Judgement
import Plan
import Recording
import Testing

@testable import Coordination

@Suite struct LiveRecordingTests {
  /// One sample a second: 100 attempts each, of which as many fail as `failing` says.
  private func live(failing: [Double], established: [Double]? = nil) -> LiveRecording {
    var live = LiveRecording(planName: "p", longestWindow: .seconds(2))
    var failures = 0.0
    for (second, failed) in failing.enumerated() {
      failures += failed
      let at = Double(second)
      live.append(
        Sample(
          at: at,
          readings: [
            Reading(.attempts, unit: "", kind: .counter, value: at * 100),
            Reading(.failures, unit: "", kind: .counter, value: failures),
            Reading(
              .established, unit: "", kind: .gauge, value: established?[second] ?? at * 100),
          ]),
        state: RunState(phases: [
          PhaseRecord(name: "ramp", kind: .ramp, title: "", planLine: 1, goal: 1000, started: 0)
        ]))
    }
    return live
  }

  private func threshold(
    _ metric: Metric, _ comparison: Threshold.Comparison, _ value: Double,
    window: Duration? = nil, phase: String? = nil
  ) -> Threshold {
    Threshold(
      text: "t", line: 1, metric: metric, comparison: comparison, value: value, phase: phase,
      window: window, aborts: true)
  }

  @Test func `intervals that no condition looks at any more are forgotten`() {
    var live = LiveRecording(planName: "p", longestWindow: .seconds(2))
    func append(_ seconds: Range<Int>) {
      for second in seconds {
        let at = Double(second)
        live.append(
          Sample(
            at: at, readings: [],
            distributions: [
              DistributionRecord(
                latency: .connect, phase: "ramp", from: at - 1, to: at,
                distribution: Distribution(buckets: [.init(value: 5, count: 2)]))
            ]), state: RunState())
      }
    }
    append(1..<1000)
    #expect(live.recording.distributions.map(\.to) == [995, 996, 997, 998, 999])
    live.keepFrom = 990
    append(1000..<2000)
    #expect(live.recording.distributions.first?.to == 995)
    live.keepFrom = .infinity
    append(2000..<2001)
    #expect(live.recording.distributions.first?.to == 1996)
  }

  @Test func `a window is held against its own seconds, not against all`() {
    let rate = threshold(.failuresRate, .less, 0.05, window: .seconds(2))
    let calm = live(failing: [0, 0, 0, 0, 0, 0])
    #expect(calm.violated(of: [rate], in: "ramp", phaseEnded: false) == nil)
    // 8 of the last 200 failed, then 18 of the last 200.
    #expect(
      live(failing: [0, 0, 0, 8]).violated(of: [rate], in: "ramp", phaseEnded: false) == nil)
    let violation = live(failing: [0, 0, 8, 10]).violated(
      of: [rate], in: "ramp", phaseEnded: false)
    #expect(violation?.value == 0.09)
    #expect(violation?.text == "t (measured 9%)")
  }

  @Test func `a window that is not whole yet decides nothing`() {
    let rate = threshold(.failuresRate, .less, 0.05, window: .seconds(10))
    #expect(
      live(failing: [0, 90, 90]).violated(of: [rate], in: "ramp", phaseEnded: false) == nil)
  }

  @Test func `an upper bound decides at once, a lower one when its phase is over`() {
    let run = live(failing: [0, 1, 0])
    let none = threshold(.failures, .equal, 0)
    #expect(run.violated(of: [none], in: "ramp", phaseEnded: false)?.value == 1)
    let enough = threshold(.connections, .atLeast, 1000, phase: "ramp")
    #expect(run.violated(of: [enough], in: "ramp", phaseEnded: false) == nil)
    #expect(run.violated(of: [enough], in: "ramp", phaseEnded: true)?.value == 200)
    let whole = threshold(.connections, .atLeast, 1000)
    #expect(run.violated(of: [whole], in: "ramp", phaseEnded: true) == nil)
  }

  @Test func `what is not measured, or belongs to another phase, decides nothing`() {
    let run = live(failing: [0, 50])
    #expect(
      run.violated(
        of: [threshold(.percentile(.p99, of: .roundTrip), .less, 1)], in: "ramp", phaseEnded: false)
        == nil)
    #expect(
      run.violated(
        of: [threshold(.failures, .equal, 0, phase: "hold")], in: "ramp", phaseEnded: false)
        == nil)
  }

  /// Samples of a ramp at a pace, up to 40% of an interval early or late, whose counters rise as
  /// unevenly.
  private func samples(seed: UInt64) -> [Sample] {
    var state = seed
    func roll() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / 0x1p53
    }
    var (attempts, failures, messages) = (0.0, 0.0, 0.0)
    return (1...12).map { second in
      attempts += (80 + 40 * roll()).rounded()
      failures += (10 * roll()).rounded()
      messages += (80 + 40 * roll()).rounded()
      return Sample(
        at: Double(second) + 0.8 * (roll() - 0.5),
        readings: [
          Reading(.attempts, unit: "", kind: .counter, value: attempts),
          Reading(.handshakes, unit: "", kind: .counter, value: attempts - failures),
          Reading(.failures, unit: "", kind: .counter, value: failures),
          Reading(.messages(.sent, "ping"), unit: "", kind: .counter, value: messages),
          Reading(.established, unit: "", kind: .gauge, value: attempts - failures),
        ])
    }
  }

  @Test(arguments: 1...20)
  func `what ends a run and what judges its recording look at the same stretches`(
    seed: UInt64
  ) {
    let conditions: [(Metric, Threshold.Comparison, Double)] = [
      (.connectRate, .more, 92), (.connectRate, .less, 106), (.failuresRate, .less, 0.07),
      (.messagesRate, .more, 90), (.failures, .less, 17), (.messagesSent, .more, 190),
      (.connections, .less, 900),
    ]
    for (metric, comparison, value) in conditions {
      let condition = threshold(metric, comparison, value, window: .seconds(2))
      var live = LiveRecording(planName: "p", longestWindow: .seconds(2))
      var violations: [Double] = []
      for sample in samples(seed: seed) {
        let phase = PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 1, goal: 1000, plannedRate: 100,
          started: 0.1, openedUntil: 10.1)
        live.append(sample, state: RunState(phases: [phase]))
        if let violation = live.violated(of: [condition], in: "ramp", phaseEnded: false) {
          violations.append(violation.value)
        }
      }
      let result = judge(live.recording, thresholds: [condition]).thresholds[0]
      #expect(result.passed == violations.isEmpty, "\(metric) \(result.reason)")
      if let first = violations.first { #expect(result.value == first, "\(metric)") }
    }
  }
}
