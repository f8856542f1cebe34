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
    case .atMost, .less, .equal: metric.onlyGrows
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
    case messagesSent = "messages.sent"
    case messagesReceived = "messages.received"
    case messagesLost = "messages.lost"
    case messagesUnsent = "messages.unsent"
    case messagesRate = "messages.rate"
    case unasked
    case roundTripP50 = "rtt.p50"
    case roundTripP90 = "rtt.p90"
    case roundTripP99 = "rtt.p99"
    case roundTripP999 = "rtt.p99.9"
    case roundTripMax = "rtt.max"
    case kernelMemory = "memory.kernel"
    case userMemory = "memory.user"
    case userTime = "cpu.user"
    case driftP99 = "drift.p99"
    case predictionError = "prediction.error"

    /// What its values are written in.
    package var quantity: Quantity {
      switch self {
      case .connections, .accepted, .phantom, .failures, .messagesSent, .messagesReceived,
        .messagesLost, .messagesUnsent, .unasked:
        .count
      case .connectRate, .messagesRate: .rate
      case .connectP50, .connectP90, .connectP99, .connectP999, .connectMax, .roundTripP50,
        .roundTripP90, .roundTripP99, .roundTripP999, .roundTripMax, .driftP99, .userTime:
        .duration
      case .kernelMemory, .userMemory: .size
      case .failuresRate, .predictionError: .share
      }
    }

    /// Whether its value, of a run or of a phase, never falls while the run goes on.
    package var onlyGrows: Bool {
      switch self {
      case .connections, .accepted, .phantom, .connectMax, .failures, .messagesSent,
        .messagesReceived, .messagesLost, .unasked, .roundTripMax:
        true
      // What was not sent may still be.
      case .messagesUnsent, .connectRate, .connectP50, .connectP90, .connectP99, .connectP999,
        .failuresRate, .messagesRate, .roundTripP50, .roundTripP90, .roundTripP99,
        .roundTripP999, .kernelMemory, .userMemory, .userTime, .driftP99, .predictionError:
        false
      }
    }

    /// Whether it has a value for a stretch of the run, while the run goes on. The others are
    /// known of a phase as a whole.
    package var hasWindow: Bool {
      switch self {
      case .connections, .accepted, .connectRate, .connectP50, .connectP90, .connectP99,
        .connectP999, .connectMax, .failures, .failuresRate, .messagesSent, .messagesReceived,
        .messagesLost, .messagesUnsent, .messagesRate, .unasked, .roundTripP50, .roundTripP90,
        .roundTripP99, .roundTripP999, .roundTripMax:
        true
      case .phantom, .kernelMemory, .userMemory, .userTime, .driftP99, .predictionError: false
      }
    }
  }

  package enum Quantity: Sendable {
    case count, rate, duration, share, size
  }
}
