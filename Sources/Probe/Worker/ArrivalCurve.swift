/// Arrivals of a recorded phase over all workers, to be driven again.
package struct ArrivalCurve: Sendable, Equatable {
  private struct Step: Equatable {
    /// Nanoseconds since the phase began.
    var from: UInt64
    var to: UInt64
    /// Arrivals before this step.
    var before: UInt64
  }

  /// No arrival is due later, in nanoseconds: 292 years after its phase began.
  package static let latest = UInt64(Int64.max)

  private var steps: [Step] = []
  package private(set) var count: UInt64 = 0

  package init() {}

  /// When its last arrival is over, in nanoseconds since the phase began.
  package var end: UInt64 { steps.last?.to ?? 0 }

  /// Adds arrivals that are spread evenly over a span, which must not begin before the last one
  /// ends.
  ///
  /// - Parameters:
  ///   - from: nanoseconds since the phase began, like `to`.
  package mutating func append(_ count: UInt64, from: UInt64, to: UInt64) {
    let count = min(count, Self.latest - self.count)
    guard count > 0 else { return }
    steps.append(Step(from: max(from, end), to: max(to, end), before: self.count))
    self.count += count
  }

  /// Nanoseconds from the phase's begin to an arrival; nil for one that is not in it.
  func due(_ ordinal: UInt64) -> UInt64? {
    guard ordinal < count else { return nil }
    var (low, high) = (0, steps.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if steps[middle].before <= ordinal { low = middle } else { high = middle }
    }
    let step = steps[low]
    let next = low + 1 < steps.count ? steps[low + 1].before : count
    // A recorded step may be long and hold many: the product takes more than 64 bits.
    let product = (step.to - step.from).multipliedFullWidth(by: ordinal - step.before)
    return step.from + (next - step.before).dividingFullWidth(product).quotient
  }
}
