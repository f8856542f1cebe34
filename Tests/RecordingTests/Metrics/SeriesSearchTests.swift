import Testing

@testable import Recording

/// Looks at one instant or one stretch of a series, held against a look at every point.
@Suite struct SeriesSearchTests {
  /// Points at uneven instants, some of them twice, some of them no number.
  private static func series(_ generator: inout some RandomNumberGenerator) -> Series {
    var at = 0.0
    let points = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
      at += Double(Int.random(in: 0...3, using: &generator)) / 2
      let isMissing = Int.random(in: 0..<5, using: &generator) == 0
      return Series.Point(
        at: at, value: isMissing ? .nan : Double(Int.random(in: 0...20, using: &generator)))
    }
    return Series(key: .established, unit: "connections", kind: .gauge, points: points)
  }

  @Test func `a look at an instant or a stretch finds what a look at every point finds`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let series = Self.series(&generator)
      let from = Double(Int.random(in: -2...60, using: &generator)) / 2
      let span = from...from + Double(Int.random(in: 0...20, using: &generator)) / 2
      let within = series.points.filter { span.contains($0.at) }
      let finite = series.points.filter(\.value.isFinite)
      #expect(Array(series.points[series.places(in: span)]).map(\.at) == within.map(\.at))
      #expect(series.maximum(in: span) == within.map(\.value).filter(\.isFinite).max())
      let last = finite.last { $0.at <= from }?.value
      #expect(series.level(at: from) == last ?? 0)
      #expect(series.level(at: from, orNext: true) == last ?? finite.first?.value ?? 0)
      #expect(series.first(in: span, atLeast: 10) == within.first { $0.value >= 10 }?.at)
    }
  }

  @Test func `a stretch that moves on has the maximum and the latencies of one looked at alone`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let series = Self.series(&generator)
      var recording = Recording(planName: "p")
      recording.distributions = series.points.map { point in
        DistributionRecord(
          latency: [Latency.connect, .roundTrip].randomElement(using: &generator)!, phase: "hold",
          from: point.at - 1, to: point.at,
          distribution: Distribution(
            buckets: (0..<3).map { _ in
              .init(value: .random(in: 1...9, using: &generator), count: 1)
            }))
      }
      var maximum = MovingMaximum(of: series)
      var latencies = MovingDistribution(of: .roundTrip, in: recording)
      let length = Double(Int.random(in: 0...12, using: &generator)) / 2
      for step in 0...70 {
        let end = Double(step) / 2
        let span = end - length...end
        #expect(maximum.move(to: span) == series.maximum(in: span))
        let alone = Distribution(
          merging: recording.distributions(endingIn: span).filter { $0.latency == .roundTrip }
            .map(\.distribution))
        let moved = latencies.move(to: span)
        #expect(moved.count == alone.count)
        #expect(moved.percentiles([0, 50, 99, 100]) == alone.percentiles([0, 50, 99, 100]))
      }
    }
  }

  @Test(
    arguments: [
      ([0, 40, 40, 0], 0), ([0, 40, 30, 30], 30), ([0, 40, 10, 50], 50), ([10, 40, 40, 5], 0),
    ] as [([Double], Double)])
  func `what a later phase takes back of a counter is counted for neither`(
    levels: [Double], gain: Double
  ) {
    var recording = Recording(planName: "p")
    recording.series = [
      Series(
        key: .messages(.missing, "m"), unit: "messages", kind: .counter,
        points: levels.enumerated().map { .init(at: Double($0.offset), value: $0.element) })
    ]
    let phases = [0.0...1.0, 1.0...2.0, 2.0...3.0]
    #expect(recording.gain(of: .messages(.missing, "m"), in: phases) == gain)
  }

  @Test(
    arguments: [
      // missing and late at the begin and at the end of the stretch, and what was lost within it.
      ([4.0, 0, 0, 4], 0), ([4, 0, 1, 4], 1), ([4, 0, 6, 4], 6), ([0, 0, 0, 3], 3),
      ([4, 2, 2, 9], 5),
    ] as [([Double], Int)])
  func `an answer to a message that was missing before is no new loss`(
    counts: [Double], lost: Int
  ) {
    var recording = Recording(planName: "a")
    for (outcome, levels) in [
      (MessageOutcome.sent, [10.0, 30]), (.missing, [counts[0], counts[2]]),
      (.late, [counts[1], counts[3]]),
    ] {
      recording.series.append(
        Series(
          key: .messages(outcome, "m"), unit: "messages", kind: .counter,
          points: zip([1.0, 2], levels).map { .init(at: $0, value: $1) }))
    }
    #expect(recording.messages(in: [1...2]).map(\.lost) == [lost])
  }
}
