package import Recording

extension Recording {
  /// What a metric came to over a stretch of the run, from the samples in it.
  ///
  /// - Parameter span: seconds since the run started.
  package func measure(
    _ metric: Threshold.Metric, in span: ClosedRange<Double>
  ) -> Double? {
    switch metric {
    case .connections: series(.established)?.maximum(in: span)
    case .accepted: countsServer ? series(.accepted)?.maximum(in: span) : nil
    case .failures: gain(of: .failures, in: [span])
    case .failuresRate: share(of: .failures, among: [.attempts, .retries], in: span)
    case .connectRate: rate(of: .handshakes, in: span)
    case .connectP50: percentile(50, of: "connect", in: span)
    case .connectP90: percentile(90, of: "connect", in: span)
    case .connectP99: percentile(99, of: "connect", in: span)
    case .connectP999: percentile(99.9, of: "connect", in: span)
    case .connectMax: percentile(100, of: "connect", in: span)
    case .messagesSent: messages([.sent], in: span)
    case .messagesReceived: messages([.received], in: span)
    case .messagesLost: messages(MessageOutcome.lost, in: span)
    case .messagesRate:
      messages([.sent], in: span).map { $0 / max(span.upperBound - span.lowerBound, 1e-9) }
    case .roundTripP50: percentile(50, of: "rtt", in: span)
    case .roundTripP90: percentile(90, of: "rtt", in: span)
    case .roundTripP99: percentile(99, of: "rtt", in: span)
    case .roundTripP999: percentile(99.9, of: "rtt", in: span)
    case .roundTripMax: percentile(100, of: "rtt", in: span)
    // These are of the run or of a phase as a whole; plans cannot ask for them over a window.
    case .phantom, .kernelMemory, .userMemory, .userTime, .driftP99, .predictionError: nil
    }
  }

  private func rate(of key: Series.Key, in span: ClosedRange<Double>) -> Double? {
    series(key) == nil
      ? nil : gain(of: key, in: [span]) / max(span.upperBound - span.lowerBound, 1e-9)
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

  /// Seconds; of the intervals that ended in the stretch.
  private func percentile(
    _ percentile: Double, of metric: String, in span: ClosedRange<Double>
  ) -> Double? {
    let merged = Distribution(
      merging: distributions.lazy.filter {
        $0.metric == metric && $0.to > span.lowerBound && $0.to <= span.upperBound
      }.map(\.distribution))
    return merged.percentile(percentile).map { Double($0) / 1e9 }
  }
}
