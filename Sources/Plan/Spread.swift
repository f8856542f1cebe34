import Recording

/// How much a run's rates and percentiles scatter from one interval of it to the next.
///
/// The spread is the coefficient of variation: the standard deviation of the intervals' values as
/// a share of their mean. Two runs that are no further apart than that may be the same.
struct Spread {
  /// From fewer intervals nothing is concluded.
  static let fewestIntervals = 3
  /// An interval with fewer values has no percentiles to speak of.
  static let fewestValues: UInt64 = 100
  /// A rate cannot fall by more than all of itself, so that an uneven run would excuse any loss.
  static let mostOfRate = 0.5

  private struct Interval {
    let metric: String
    let phase: String
    let latency: Metrics.Latency
  }

  private let recording: Recording
  private let intervals: [Interval]

  init(_ recording: Recording) {
    self.recording = recording
    intervals = recording.distributions.compactMap { record in
      guard ["connect", "rtt"].contains(record.metric),
        record.distribution.count >= Self.fewestValues,
        let latency = Metrics.Latency(record.distribution)
      else { return nil }
      return Interval(metric: record.metric, phase: record.phase, latency: latency)
    }
  }

  /// Nil where the metric has no values of single intervals, or too few.
  func callAsFunction(of metric: ComparedMetric, in phase: String?) -> Double? {
    switch metric {
    case .connectRate:
      rate(of: [.handshakes], in: phase) { $0.kind.hasConnectRate }
    case .messagesRate:
      rate(of: recording.series(named: MessageOutcome.sent.seriesName).map(\.key), in: phase) {
        _ in true
      }
    case .connectP50: percentile(\.p50, of: "connect", in: phase)
    case .connectP90: percentile(\.p90, of: "connect", in: phase)
    case .connectP99: percentile(\.p99, of: "connect", in: phase)
    case .connectP999: percentile(\.p999, of: "connect", in: phase)
    case .connectMax: percentile(\.max, of: "connect", in: phase)
    case .roundTripP50: percentile(\.p50, of: "rtt", in: phase)
    case .roundTripP90: percentile(\.p90, of: "rtt", in: phase)
    case .roundTripP99: percentile(\.p99, of: "rtt", in: phase)
    case .roundTripP999: percentile(\.p999, of: "rtt", in: phase)
    case .roundTripMax: percentile(\.max, of: "rtt", in: phase)
    case .held, .phantom, .failures, .messagesSent, .messagesLost, .kernelMemory, .userMemory,
      .userTime:
      nil
    }
  }

  private func percentile(
    _ percentile: KeyPath<Metrics.Latency, Double>, of metric: String, in phase: String?
  ) -> Double? {
    Self.variation(
      intervals.filter { $0.metric == metric && (phase == nil || $0.phase == phase) }
        .map { $0.latency[keyPath: percentile] })
  }

  /// Of the gains a second between samples, from the first that gained something to the last: what
  /// comes before and after is waiting.
  private func rate(
    of keys: [Series.Key], in phase: String?, where isMeant: (PhaseRecord) -> Bool
  ) -> Double? {
    let phases = recording.phases.filter { (phase == nil || $0.name == phase) && isMeant($0) }
    let rates = phases.flatMap { phase in
      recording.span(of: phase).map { gains(of: keys, in: $0) } ?? []
    }
    return Self.variation(rates).map { min($0, Self.mostOfRate) }
  }

  private func gains(of keys: [Series.Key], in span: ClosedRange<Double>) -> [Double] {
    let instants =
      keys.first.flatMap(recording.series)?.points.map(\.at)
      .filter(span.contains) ?? []
    let rates = zip(instants, instants.dropFirst()).filter { $0 < $1 }.map { from, to in
      keys.reduce(0) { $0 + recording.gain(of: $1, in: [from...to]) } / (to - from)
    }
    guard let first = rates.firstIndex(where: { $0 > 0 }),
      let last = rates.lastIndex(where: { $0 > 0 })
    else { return [] }
    return Array(rates[first...last])
  }

  private static func variation(_ values: [Double]) -> Double? {
    guard values.count >= fewestIntervals, values.allSatisfy(\.isFinite) else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    guard mean > 0 else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot() / mean
  }
}
