import Recording

extension Recording {
  func evaluate(_ threshold: Threshold) -> ThresholdResult {
    let measured = measure(threshold.metric, in: threshold.phase)
    var result = ThresholdResult(
      text: threshold.text, planLine: threshold.line, passed: false, value: nil, reason: "")
    switch measured {
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
    case .rate: Format.rate(value)
    case .duration: Format.duration(seconds: value)
    case .share: Format.share(value)
    }
  }
}
