/// When a replay begins the connections of a phase, those of all workers together. These are the
/// times of the recorded phase, divided by the replay's speed. An arrival is the beginning of one
/// connection.
package struct ArrivalCurve: Sendable, Equatable {
  /// Arrivals that are spread evenly over a span.
  private struct Step: Equatable {
    /// Nanoseconds since the phase began.
    var from: UInt64
    var to: UInt64
    /// How many arrivals there are before this step.
    var before: UInt64
  }

  /// The latest that an arrival may be due, in nanoseconds since its phase began: 292 years. The
  /// same number is the most arrivals that a curve takes.
  package static let latest = UInt64(Int64.max)

  private var steps: [Step] = []
  package private(set) var count: UInt64 = 0

  package init() {}

  /// The end of the last span that was added, in nanoseconds since the phase began; 0 for none.
  package var end: UInt64 { steps.last?.to ?? 0 }

  /// Adds arrivals that are spread evenly over a span. Where the span begins before `end`, they are
  /// spread over the rest of it, so that spans never overlap.
  ///
  /// - Parameters:
  ///   - from: nanoseconds since the phase began, like `to`; not later than `to`.
  package mutating func append(_ count: UInt64, from: UInt64, to: UInt64) {
    let count = min(count, Self.latest - self.count)
    guard count > 0 else { return }
    steps.append(Step(from: max(from, end), to: max(to, end), before: self.count))
    self.count += count
  }

  /// Nanoseconds from the phase's beginning to arrival `ordinal`, which counts from 0; nil beyond
  /// the last arrival.
  func due(_ ordinal: UInt64) -> UInt64? {
    guard ordinal < count else { return nil }
    var (low, high) = (0, steps.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if steps[middle].before <= ordinal { low = middle } else { high = middle }
    }
    let step = steps[low]
    let next = low + 1 < steps.count ? steps[low + 1].before : count
    // A recorded step may be long and hold many arrivals: the product may take more than 64 bits.
    let product = (step.to - step.from).multipliedFullWidth(by: ordinal - step.before)
    return step.from + (next - step.before).dividingFullWidth(product).quotient
  }
}
