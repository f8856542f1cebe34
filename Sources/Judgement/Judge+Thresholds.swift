import Plan
import Recording

extension Metrics {
  /// Whether a threshold holds for these metrics. They must be those of the threshold's phase, or of the whole run
  /// where it names none.
  func evaluate(_ threshold: Threshold) -> ThresholdResult {
    var result = ThresholdResult(
      text: threshold.text, planLine: threshold.line, passed: false, value: nil, reason: "")
    switch measure(threshold) {
    case .value(let value):
      result.value = value
      result.passed = threshold.comparison.holds(value, threshold.value)
      result.reason = "measured \(threshold.metric.traits.quantity.text(value))"
    case .nothing(let reason):
      result.reason = "no data: \(reason)"
    }
    return result
  }
}

extension Recording {
  /// Whether a threshold with a window holds over every stretch of that length in its phase, or in the run where
  /// it names no phase.
  func evaluate(_ threshold: Threshold, window: Duration) -> ThresholdResult {
    var result = ThresholdResult(
      text: threshold.text, planLine: threshold.line, passed: false, value: nil, reason: "")
    var meter = WindowMeter(threshold, in: self)
    let values = stretches(of: threshold, window: window).compactMap { meter.measure(in: $0) }
    guard let value = threshold.worst(of: values) else {
      let span = Format.duration(window)
      result.reason = "no data: there was no stretch of \(span) in which it was measured"
      return result
    }
    result.value = value
    result.passed = threshold.comparison.holds(value, threshold.value)
    result.reason =
      "measured \(threshold.metric.traits.quantity.text(value)) over \(Format.duration(window))"
    return result
  }
}

extension Threshold {
  /// The value that decides the threshold: the first that fails it, or else the one nearest to failing.
  func worst(of values: [Double]) -> Double? {
    values.first { !comparison.holds($0, value) }
      ?? values.min { abs($0 - value) < abs($1 - value) }
  }
}

extension Metric.Quantity {
  /// A value of this kind as people read it. It is in the base unit: a count, a rate per second, seconds, a share
  /// from 0 to 1, or bytes.
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
