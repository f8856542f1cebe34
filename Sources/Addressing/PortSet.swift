/// Ports in the order in which they are to be used: ranges that do not overlap.
package struct PortSet: Sendable, Hashable {
  package let ranges: [ClosedRange<UInt16>]
  /// How many ports there are.
  package let count: Int
  /// How many ports there are before each range.
  private let before: [Int]

  package init(_ ranges: [ClosedRange<UInt16>]) {
    self.ranges = ranges
    var before: [Int] = []
    var count = 0
    for range in ranges {
      before.append(count)
      count += range.count
    }
    self.before = before
    self.count = count
  }

  package init(_ range: ClosedRange<UInt16>) { self.init([range]) }

  /// The port at a place in the order, in time logarithmic in the number of ranges.
  package subscript(index: Int) -> UInt16 {
    precondition(index >= 0 && index < count, "port \(index) of \(count)")
    var low = 0
    var high = before.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if before[middle] <= index { low = middle } else { high = middle }
    }
    return ranges[low].lowerBound + UInt16(index - before[low])
  }

  package func contains(_ port: UInt16) -> Bool { ranges.contains { $0.contains(port) } }

  /// The ports without those of some ranges, in the same order.
  package func subtracting(_ others: [ClosedRange<UInt16>]) -> PortSet {
    var left = ranges
    for other in others { left = left.flatMap { Self.rest(of: $0, without: other) } }
    return PortSet(left)
  }

  /// How many of the ports lie in a range.
  package func count(in range: ClosedRange<UInt16>) -> Int {
    ranges.reduce(0) { $1.overlaps(range) ? $0 + $1.clamped(to: range).count : $0 }
  }

  private static func rest(
    of range: ClosedRange<UInt16>, without other: ClosedRange<UInt16>
  ) -> [ClosedRange<UInt16>] {
    guard range.overlaps(other) else { return [range] }
    var rest: [ClosedRange<UInt16>] = []
    if range.lowerBound < other.lowerBound {
      rest.append(range.lowerBound...other.lowerBound - 1)
    }
    if range.upperBound > other.upperBound {
      rest.append(other.upperBound + 1...range.upperBound)
    }
    return rest
  }
}

extension PortSet: CustomStringConvertible {
  package var description: String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
