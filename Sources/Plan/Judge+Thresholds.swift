import Recording

extension Metrics {
  /// Whether a threshold of this phase, or of the whole run, holds.
  func evaluate(_ threshold: Threshold) -> ThresholdResult {
    var result = ThresholdResult(
      text: threshold.text, planLine: threshold.line, passed: false, value: nil, reason: "")
    switch measure(threshold.metric) {
    case .value(let value):
      result.value = value
      result.passed = threshold.comparison.holds(value, threshold.value)
      result.reason = "measured \(threshold.metric.quantity.text(value))"
    case .nothing(let reason):
      result.reason = "no data: \(reason)"
    }
    return result
  }
}

extension Recording {
  /// Whether a threshold with a window holds over every stretch of that length that ends at a
  /// sample of its phase.
  func evaluate(_ threshold: Threshold, window: Duration) -> ThresholdResult {
    var result = ThresholdResult(
      text: threshold.text, planLine: threshold.line, passed: false, value: nil, reason: "")
    let values = windows(window / .seconds(1), in: threshold.phase).compactMap {
      measure(threshold.metric, in: $0)
    }
    // The worst tells most: the first that fails, or else the one nearest to failing.
    let failed = values.first { !threshold.comparison.holds($0, threshold.value) }
    let nearest = values.min { abs($0 - threshold.value) < abs($1 - threshold.value) }
    guard let value = failed ?? nearest else {
      let span = Format.duration(window)
      result.reason = "no data: there was no stretch of \(span) in which it was measured"
      return result
    }
    result.value = value
    result.passed = failed == nil
    result.reason =
      "measured \(threshold.metric.quantity.text(value)) over \(Format.duration(window))"
    return result
  }

  /// Every whole window that ends at a sample.
  private func windows(_ length: Double, in phase: String?) -> [ClosedRange<Double>] {
    let spans = phases.filter { phase == nil || $0.name == phase }.compactMap(span)
    guard let first = spans.map(\.lowerBound).min(), let last = spans.map(\.upperBound).max(),
      let instants = series(.established)?.points.map(\.at)
    else { return [] }
    return instants.filter { $0 <= last && $0 - length >= first }.map { $0 - length...$0 }
  }
}

extension Threshold.Quantity {
  /// A value of this kind for people.
  package func text(_ value: Double) -> String {
    switch self {
    case .count: Format.count(value)
    case .rate: Format.rate(exactly: value)
    case .duration: Format.duration(seconds: value)
    case .share: Format.share(value)
    case .size: Format.bytes(value)
    }
  }
}
