import Plan
package import Recording

extension Recording {
  /// The value of a metric over a stretch of the run, in the metric's base unit, from the samples in it. Nil where
  /// the samples do not tell.
  ///
  /// - Parameter span: the bounds of the stretch, in seconds since the run started.
  package func measure(
    _ metric: Metric, in span: ClosedRange<Double>
  ) -> Double? {
    switch metric {
    case .connections, .accepted: level(of: metric)?.maximum(in: span)
    case .failures: gain(of: .failures, in: [span])
    case .failuresRate: share(of: .failures, among: [.attempts, .retries], in: span)
    case .connectRate: connectRate(in: span)
    case .resumed: resumedShare(in: [span])
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
    // These exist only for a whole run or a whole phase. Plans cannot ask for them over a window.
    case .held, .phantom, .recovery, .kernelMemory, .userMemory, .userTime, .predictionError: nil
    }
  }

  /// The value that a threshold is compared with over a stretch of the run. For a level it is the lowest or the
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

/// Measures a threshold's metric over one stretch of the run after another. For levels and percentiles a stretch
/// costs time only for the samples that the stretch before did not have.
struct WindowMeter {
  private let recording: Recording
  private let threshold: Threshold
  private var latencies: MovingDistribution?
  /// The maximum of the level; nil for a threshold on another metric.
  private var most: MovingMaximum?
  /// The maximum of the negated level, which is the negated minimum of the level; nil where `most` is.
  private var leastNegated: MovingMaximum?

  init(_ threshold: Threshold, in recording: Recording) {
    self.recording = recording
    self.threshold = threshold
    if case .percentile(_, let latency) = threshold.metric {
      latencies = MovingDistribution(of: latency, in: recording)
    }
    guard let level = recording.level(of: threshold.metric) else { return }
    most = MovingMaximum(of: level)
    var negated = level
    for index in negated.points.indices { negated.points[index].value.negate() }
    leastNegated = MovingMaximum(of: negated)
  }

  /// As `Recording.measure`. Neither bound of `span` may lie before the same bound in an earlier call.
  mutating func measure(in span: ClosedRange<Double>) -> Double? {
    if most != nil {
      let extremes = [leastNegated?.move(to: span).map { -$0 }, most?.move(to: span)]
      return threshold.worst(of: extremes.compactMap(\.self))
    }
    guard case .percentile(let percentile, _) = threshold.metric,
      let merged = latencies?.move(to: span)
    else { return recording.measure(threshold.metric, in: span) }
    return merged.seconds(at: percentile)
  }
}
