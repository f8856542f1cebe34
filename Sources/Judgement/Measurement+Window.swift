import Plan
package import Recording

extension Recording {
  /// What a metric came to over a stretch of the run, from the samples in it; nil where they do not tell.
  ///
  /// - Parameter span: seconds since the run started.
  package func measure(
    _ metric: Metric, in span: ClosedRange<Double>
  ) -> Double? {
    switch metric {
    case .connections, .accepted: level(of: metric)?.maximum(in: span)
    case .failures: gain(of: .failures, in: [span])
    case .failuresRate: share(of: .failures, among: [.attempts, .retries], in: span)
    case .connectRate: connectRate(in: span)
    case .percentile(let percentile, let latency):
      Distribution(
        merging: distributions(endingIn: span).lazy.filter { $0.latency == latency }
          .map(\.distribution)
      ).seconds(at: percentile)
    case .messagesSent: messages([.sent], in: span)
    case .messagesReceived: messages([.received], in: span)
    case .messagesLost: messages(MessageOutcome.lost, in: span)
    case .messagesUnsent: unsent(in: span)
    case .unasked: series(.unasked) == nil ? nil : gain(of: .unasked, in: [span])
    case .messagesRate:
      series(named: "messages.wanted").isEmpty
        ? messages([.sent], in: span).map { $0 / max(span.upperBound - span.lowerBound, 1e-9) }
        : messageRate(in: parts(of: span))
    // These are of the run or of a phase as a whole; plans cannot ask for them over a window.
    case .held, .phantom, .kernelMemory, .userMemory, .userTime, .predictionError: nil
    }
  }

  /// What a threshold is compared with over a stretch of the run: for a level, the lowest or the
  /// highest value in the stretch, whichever is worse for the threshold.
  func measure(
    _ threshold: Threshold, in span: ClosedRange<Double>
  ) -> Double? {
    guard let level = level(of: threshold.metric) else {
      return measure(threshold.metric, in: span)
    }
    return threshold.worst(
      of: [level.minimum(in: span), level.maximum(in: span)].compactMap(\.self))
  }

  /// The series of a metric that is a level (a gauge); nil for other metrics.
  func level(of metric: Metric) -> Series? {
    switch metric {
    case .connections: series(.established)
    case .accepted where hasServerCount: series(.accepted)
    default: nil
    }
  }

  private func connectRate(in span: ClosedRange<Double>) -> Double? {
    series(.handshakes).map {
      $0.gainToNextSample(in: span) / max(span.upperBound - span.lowerBound, 1e-9)
    }
  }

  private func share(
    of part: Series.Key, among whole: [Series.Key], in span: ClosedRange<Double>
  ) -> Double? {
    let total = whole.reduce(0) { $0 + gain(of: $1, in: [span]) }
    return total > 0 ? gain(of: part, in: [span]) / total : nil
  }

  private func messages(
    _ outcomes: [MessageOutcome], in span: ClosedRange<Double>
  ) -> Double? {
    let totals = messages(in: [span])
    guard !totals.isEmpty else { return nil }
    return Double(totals.reduce(0) { sum, one in outcomes.reduce(sum) { $0 + one[$1] } })
  }

  private func unsent(in span: ClosedRange<Double>) -> Double? {
    let keys = series(named: "messages.unsent").map(\.key)
    return keys.isEmpty || !knowsUnsent ? nil : keys.reduce(0) { $0 + gain(of: $1, in: [span]) }
  }
}

/// Measures a threshold's metric over stretches that move on through the run. For levels and
/// percentiles a stretch takes time only for the samples that are new in it.
struct WindowMeter {
  private let recording: Recording
  private let threshold: Threshold
  private var latencies: MovingDistribution?
  /// For a threshold on a level: `most` moves over the level, and `least` over the negated level, whose
  /// maximum is the negated minimum.
  private var most: MovingMaximum?
  private var least: MovingMaximum?

  init(_ threshold: Threshold, in recording: Recording) {
    self.recording = recording
    self.threshold = threshold
    if case .percentile(_, let latency) = threshold.metric {
      latencies = MovingDistribution(of: latency, in: recording)
    }
    guard let level = recording.level(of: threshold.metric) else { return }
    most = MovingMaximum(of: level)
    var below = level
    for index in below.points.indices { below.points[index].value.negate() }
    least = MovingMaximum(of: below)
  }

  /// As `Recording.measure`. Neither bound of `span` may lie before that of an earlier span.
  mutating func measure(in span: ClosedRange<Double>) -> Double? {
    if most != nil {
      let bounds = [least?.move(to: span).map { -$0 }, most?.move(to: span)]
      return threshold.worst(of: bounds.compactMap(\.self))
    }
    guard case .percentile(let percentile, _) = threshold.metric,
      let merged = latencies?.move(to: span)
    else { return recording.measure(threshold.metric, in: span) }
    return merged.seconds(at: percentile)
  }
}
