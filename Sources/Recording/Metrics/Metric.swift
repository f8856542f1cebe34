/// A figure of a run or of a phase that conditions, tolerances and reports know by name.
package enum Metric: Sendable, Hashable {
  /// The most connections that both ends held in any phase whose connections are to stay (`Metrics.held`). Churns do
  /// not count: in a churn, more connections at once mean that arrivals came late.
  case held
  case connections, accepted, phantom
  case failures, failuresRate
  case connectRate
  /// The share of TLS's handshakes that resumed a session.
  case resumed
  /// How long storms took until what they had cut was there again.
  case recovery
  case messagesSent, messagesReceived, messagesLost, messagesUnsent, messagesRate
  case unasked
  case percentile(Percentile, of: Latency)
  case kernelMemory, userMemory, userTime
  case predictionError

  /// The properties of a metric that do not depend on its value.
  package struct Traits: Sendable {
    package let name: String
    /// The kind of the metric's values. It decides their unit, and how they are written.
    package let quantity: Quantity
    /// Whether the metric's value for a run or a phase never falls while the run goes on.
    package let onlyGrows: Bool
    /// Whether the metric can be measured over a stretch of the run, and so while the run goes on. Other metrics are
    /// known only for a whole phase or for the whole run.
    package let canBeMeasuredMeanwhile: Bool
    /// How far two runs may differ in the metric; nil where runs are not compared by it.
    package let tolerance: Tolerance?

    fileprivate init(
      _ name: String, _ quantity: Quantity, onlyGrows: Bool = false,
      canBeMeasuredMeanwhile: Bool = false,
      tolerance: Tolerance? = nil
    ) {
      self.name = name
      self.quantity = quantity
      self.onlyGrows = onlyGrows
      self.canBeMeasuredMeanwhile = canBeMeasuredMeanwhile
      self.tolerance = tolerance
    }
  }

  package enum Quantity: Sendable {
    case count, rate, duration, share, size
  }

  /// How far the values of two runs may be apart and still count as the same.
  package struct Tolerance: Sendable {
    package enum Direction: String, Sendable {
      case more, less
    }

    /// Which way is better.
    package let better: Direction
    /// The largest difference that does not count, as a share of the first run's value.
    package let share: Double

    static func more(within share: Double) -> Self { .init(better: .more, share: share) }
    static func less(within share: Double) -> Self { .init(better: .less, share: share) }
  }

  package var traits: Traits {
    switch self {
    case .held: .init("held", .count, tolerance: .more(within: 0.01))
    case .connections: .init("connections", .count, onlyGrows: true, canBeMeasuredMeanwhile: true)
    case .accepted: .init("accepted", .count, onlyGrows: true, canBeMeasuredMeanwhile: true)
    case .phantom: .init("phantom", .count, onlyGrows: true, tolerance: .less(within: 0))
    case .failures:
      .init(
        "failures", .count, onlyGrows: true, canBeMeasuredMeanwhile: true,
        tolerance: .less(within: 0))
    case .failuresRate: .init("failures.rate", .share, canBeMeasuredMeanwhile: true)
    case .connectRate:
      .init("connect.rate", .rate, canBeMeasuredMeanwhile: true, tolerance: .more(within: 0.1))
    case .resumed:
      .init("tls.resumed", .share, canBeMeasuredMeanwhile: true, tolerance: .more(within: 0.05))
    case .recovery: .init("recovery", .duration, tolerance: .less(within: 0.25))
    case .messagesSent:
      .init(
        "messages.sent", .count, onlyGrows: true, canBeMeasuredMeanwhile: true,
        tolerance: .more(within: 0.1))
    case .messagesReceived:
      .init("messages.received", .count, onlyGrows: true, canBeMeasuredMeanwhile: true)
    case .messagesLost:
      .init(
        "messages.lost", .count, onlyGrows: true, canBeMeasuredMeanwhile: true,
        tolerance: .less(within: 0))
    // The number of unsent messages can fall: one that was not sent in time may still be sent.
    case .messagesUnsent: .init("messages.unsent", .count, canBeMeasuredMeanwhile: true)
    case .messagesRate:
      .init("messages.rate", .rate, canBeMeasuredMeanwhile: true, tolerance: .more(within: 0.1))
    case .unasked: .init("unasked", .count, onlyGrows: true, canBeMeasuredMeanwhile: true)
    case .percentile(let percentile, let latency):
      .init(
        "\(latency.name).\(percentile.name)", .duration, onlyGrows: percentile == .max,
        canBeMeasuredMeanwhile: true,
        tolerance: latency == .drift ? nil : .less(within: percentile.tolerance))
    case .kernelMemory: .init("memory.kernel", .size, tolerance: .less(within: 0.05))
    case .userMemory: .init("memory.user", .size, tolerance: .less(within: 0.25))
    case .userTime: .init("cpu.user", .duration, tolerance: .less(within: 0.25))
    case .predictionError: .init("prediction.error", .share)
    }
  }

  package var name: String { traits.name }

  /// All metrics, in the order in which comparisons and hints list them. Of the percentiles, only those that are always
  /// shown.
  package static let all: [Self] =
    [.held, .connections, .accepted, .phantom, .failures, .failuresRate, .connectRate]
    + shown(of: .connect) + [.resumed] + shown(of: .secure) + [.recovery]
    + [.messagesSent, .messagesReceived, .messagesLost, .messagesUnsent, .messagesRate, .unasked]
    + shown(of: .roundTrip)
    + [.kernelMemory, .userMemory, .userTime]
    + shown(of: .drift) + [.predictionError]

  private static func shown(of latency: Latency) -> [Self] {
    Percentile.shown.map { .percentile($0, of: latency) }
  }

  /// The metric of this name; nil where no metric has it.
  package init?(named name: String) {
    if let metric = Self.all.first(where: { $0.name == name }) {
      self = metric
      return
    }
    for latency in Latency.judged where name.hasPrefix(latency.name + ".") {
      guard let percentile = Percentile(String(name.dropFirst(latency.name.count + 1))) else {
        continue
      }
      self = .percentile(percentile, of: latency)
      return
    }
    return nil
  }
}

extension Percentile {
  /// The largest share by which this percentile may differ between two runs. It grows from the median to the maximum,
  /// because fewer and fewer values decide the percentile.
  fileprivate var tolerance: Double {
    if self <= .p50 { return 0.1 }
    if self <= .p90 { return 0.15 }
    return self <= .p99 ? 0.25 : 0.5
  }
}
