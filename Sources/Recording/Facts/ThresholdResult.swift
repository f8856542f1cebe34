/// A threshold of the plan, and whether it held.
package struct ThresholdResult: Sendable, Equatable {
  /// The threshold as the plan writes it.
  package var text: String
  package var planLine: Int
  package var passed: Bool
  /// What was measured, in the metric's base unit (`Metric.Quantity`); nil where the metric has no data, which
  /// fails the threshold.
  package var value: Double?
  /// What was measured, or why there is no data, in a few words.
  package var reason: String

  package init(text: String, planLine: Int, passed: Bool, value: Double?, reason: String) {
    self.text = text
    self.planLine = planLine
    self.passed = passed
    self.value = value
    self.reason = reason
  }
}

extension ThresholdResult {
  /// The threshold's metric; nil where another version of the program recorded a metric that this one does not
  /// know.
  package var metric: Metric? {
    Metric(named: String(text.prefix { !" <>=!".contains($0) }))
  }
}

extension Collection<ThresholdResult> {
  /// The percentiles of a latency to show: those that are always shown, and those that these
  /// thresholds are about.
  package func percentiles(of latency: Latency) -> [Percentile] {
    let judged = compactMap { result -> Percentile? in
      guard case .percentile(let percentile, of: latency) = result.metric else { return nil }
      return percentile
    }
    return Set(Percentile.shown + judged).sorted()
  }
}
