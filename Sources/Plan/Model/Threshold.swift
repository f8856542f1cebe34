package import Recording

/// A condition on a metric. Those of a plan must hold for it to pass; those of a search's `until` end
/// the search where they hold.
package struct Threshold: Sendable, Equatable {
  /// The condition as it stands, or would stand, among the thresholds of the plan: one that is written
  /// in a phase has `in PHASE` added.
  package var text: String
  /// Line in the plan file, from 1; 0 for a condition that is not in the plan.
  package var line: Int
  package var metric: Metric
  package var comparison: Comparison
  /// In the metric's base unit: a count, a rate per second, a share from 0 to 1, seconds or bytes.
  package var value: Double
  /// Name of the phase that the condition is about; nil for the whole run.
  package var phase: String?
  /// The condition must hold over every stretch of this length; nil for the phase, or the run, as a
  /// whole.
  package var window: Duration?
  /// Whether the run ends as soon as the condition is known to fail.
  package var aborts: Bool

  package init(
    text: String, line: Int, metric: Metric, comparison: Comparison, value: Double,
    phase: String? = nil, window: Duration? = nil, aborts: Bool = false
  ) {
    self.text = text
    self.line = line
    self.metric = metric
    self.comparison = comparison
    self.value = value
    self.phase = phase
    self.window = window
    self.aborts = aborts
  }

  /// Whether `abort` makes sense: whether the condition may be known to have failed before the run ends.
  /// A condition on a stretch or a phase is known when that is over. Any other must be one that can be lost
  /// at any moment.
  package var mayAbort: Bool { window != nil || phase != nil || canBeLost }

  /// Whether the metric's value alone can show, at any moment, that the condition has failed for good. It can
  /// if the metric only grows, and the condition is an upper bound (`<=`, `<`) or `==`: once the metric is
  /// above the condition's value, it stays above.
  package var canBeLost: Bool {
    switch comparison {
    case .atMost, .less, .equal: metric.traits.onlyGrows
    case .atLeast, .more, .unequal: false
    }
  }

  /// Whether the condition has failed for good once its metric has this value.
  package func isLost(at measured: Double) -> Bool {
    canBeLost && !comparison.holds(measured, value)
      && (comparison != .equal || measured > value)
  }

  package enum Comparison: String, Sendable, CaseIterable {
    case atLeast = ">="
    case atMost = "<="
    case equal = "=="
    case unequal = "!="
    case more = ">"
    case less = "<"

    package func holds(_ measured: Double, _ wanted: Double) -> Bool {
      switch self {
      case .atLeast: measured >= wanted
      case .atMost: measured <= wanted
      case .equal: measured == wanted
      case .unequal: measured != wanted
      case .more: measured > wanted
      case .less: measured < wanted
      }
    }
  }
}
