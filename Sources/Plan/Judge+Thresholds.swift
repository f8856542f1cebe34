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
