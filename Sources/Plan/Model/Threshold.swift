package import Recording

/// A condition on a metric that must hold for the plan to pass.
package struct Threshold: Sendable, Equatable {
  /// As the plan writes it.
  package var text: String
  /// Line in the plan file, from 1.
  package var line: Int
  package var metric: Metric
  package var comparison: Comparison
  /// In the metric's base unit: connections, messages, a ratio of 1, a second, seconds or bytes.
  package var value: Double
  /// The phase it is limited to; nil for the whole run.
  package var phase: String?
  /// The condition must hold over every stretch of this length; nil for the phase as a whole.
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

  /// Whether there is an instant of a run at which it can be known to fail for good.
  package var mayAbort: Bool { window != nil || phase != nil || canBeLost }

  /// Whether it can come to fail for good while a run goes on: an upper bound of what only grows.
  package var canBeLost: Bool {
    switch comparison {
    case .atMost, .less, .equal: metric.traits.onlyGrows
    case .atLeast, .more, .unequal: false
    }
  }

  /// Whether it fails at this value of a metric that only grows, and will not hold again.
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
