/// A condition on a metric that must hold for the plan to pass.
package struct Threshold: Sendable, Equatable {
  /// As the plan writes it.
  package var text: String
  /// Line in the plan file, from 1.
  package var line: Int
  package var metric: Metric
  package var comparison: Comparison
  /// In the metric's base unit: connections, a ratio of 1, a second, or seconds.
  package var value: Double
  /// The phase it is limited to; nil for the whole run.
  package var phase: String?

  package init(
    text: String, line: Int, metric: Metric, comparison: Comparison, value: Double,
    phase: String? = nil
  ) {
    self.text = text
    self.line = line
    self.metric = metric
    self.comparison = comparison
    self.value = value
    self.phase = phase
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

  package enum Metric: String, Sendable, CaseIterable {
    case connections, accepted, phantom
    case connectRate = "connect.rate"
    case connectP50 = "connect.p50"
    case connectP90 = "connect.p90"
    case connectP99 = "connect.p99"
    case connectP999 = "connect.p99.9"
    case connectMax = "connect.max"
    case failures
    case failuresRate = "failures.rate"

    /// What its values are written in.
    package var quantity: Quantity {
      switch self {
      case .connections, .accepted, .phantom, .failures: .count
      case .connectRate: .rate
      case .connectP50, .connectP90, .connectP99, .connectP999, .connectMax: .duration
      case .failuresRate: .share
      }
    }
  }

  package enum Quantity: Sendable {
    case count, rate, duration, share
  }
}
