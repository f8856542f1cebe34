package import Plan
package import Recording

/// A figure by which two runs are compared, under the name that `--tolerance` takes.
package enum ComparedMetric: String, Sendable, CaseIterable {
  /// The most connections that stood at both ends. Not of a churn, where more at once means that its
  /// arrivals came late.
  case held
  case phantom, failures
  case connectRate = "connect.rate"
  case connectP50 = "connect.p50"
  case connectP90 = "connect.p90"
  case connectP99 = "connect.p99"
  case connectP999 = "connect.p99.9"
  case connectMax = "connect.max"
  case messagesSent = "messages.sent"
  case messagesLost = "messages.lost"
  case messagesRate = "messages.rate"
  case roundTripP50 = "rtt.p50"
  case roundTripP90 = "rtt.p90"
  case roundTripP99 = "rtt.p99"
  case roundTripP999 = "rtt.p99.9"
  case roundTripMax = "rtt.max"
  case kernelMemory = "memory.kernel"
  case userMemory = "memory.user"
  case userTime = "cpu.user"

  package enum Direction: String, Sendable {
    case more, less
  }

  /// Which way is better.
  package var better: Direction {
    switch self {
    case .held, .connectRate, .messagesSent, .messagesRate: .more
    default: .less
    }
  }

  /// How far two runs may be apart and still count as the same, as a share of the first.
  package var defaultTolerance: Double {
    switch self {
    case .held: 0.01
    case .phantom, .failures, .messagesLost: 0
    case .connectRate, .messagesSent, .messagesRate: 0.1
    case .kernelMemory: 0.05
    case .connectP50, .roundTripP50: 0.1
    case .connectP90, .roundTripP90: 0.15
    case .connectP999, .connectMax, .roundTripP999, .roundTripMax: 0.5
    case .connectP99, .roundTripP99, .userMemory, .userTime: 0.25
    }
  }

  var isRate: Bool { self == .connectRate || self == .messagesRate || self == .messagesSent }

  /// Nil where nothing was measured.
  package func value(in metrics: Metrics) -> Double? {
    if self == .held { return metrics.hasBegun ? metrics.stood.map(Double.init) : nil }
    return metrics.value(of: threshold)
  }

  /// A value as people read it.
  package func text(_ value: Double) -> String { threshold.quantity.text(value) }

  /// The plan's metric of the same name; for what was held, the nearest.
  private var threshold: Threshold.Metric {
    Threshold.Metric(rawValue: rawValue) ?? .connections
  }
}

extension CommandLineValue {
  /// How far a metric may be off: `connect.p99=30%`.
  package static func tolerance(
    _ text: String
  ) throws(Wrong) -> (metric: ComparedMetric, share: Double) {
    do throws(Problem) {
      guard let equals = text.firstIndex(of: "=") else {
        throw Problem("\(quoted(text)) is not a tolerance", hint: "write connect.p99=30%")
      }
      let name = String(text[..<equals])
      guard let metric = ComparedMetric(rawValue: name) else {
        let known = ComparedMetric.allCases.map(\.rawValue)
        throw Problem(
          "there is no metric \(quoted(name)) to compare",
          hint: didYouMean(name, known) ?? "metrics are \(known.joined(separator: ", "))")
      }
      return (metric, try Units.share(String(text[text.index(after: equals)...])))
    } catch {
      throw Wrong(error)
    }
  }
}
