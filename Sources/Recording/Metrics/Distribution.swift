/// How often each value occurred: a latency distribution in nanoseconds.
///
/// Buckets are sorted by value. Percentiles are those that HdrHistogram computes with three significant digits, so
/// that HdrHistogram's own tools show the same for an export. Several percentiles are found in one walk over the
/// buckets, because a report asks for thousands.
package struct Distribution: Sendable, Equatable {
  package struct Bucket: Sendable, Equatable {
    package var value: UInt64
    package var count: UInt64

    package init(value: UInt64, count: UInt64) {
      self.value = value
      self.count = count
    }
  }

  package private(set) var buckets: [Bucket]

  package init(buckets: [Bucket] = []) {
    self.buckets = buckets.filter { $0.count > 0 }
      .map { Bucket(value: $0.value, count: min($0.count, Self.mostCount)) }
    // The buckets of a recording are in order already.
    let isSorted = zip(self.buckets, self.buckets.dropFirst()).allSatisfy { $0.value <= $1.value }
    if !isSorted { self.buckets.sort { $0.value < $1.value } }
  }

  /// The highest count of one bucket. No run comes to it. A damaged recording may have higher counts, and then sums
  /// must not overflow.
  private static let mostCount: UInt64 = 1 << 52

  /// How many values the distribution has.
  package var count: UInt64 { buckets.reduce(0) { Self.sum($0, $1.count) } }

  /// The sum, or the largest number of 64 bits where it overflows.
  private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  package var maximum: UInt64? { buckets.last?.value }

  /// The values at these percentiles (0 to 100), in nanoseconds; nil when nothing was measured.
  package func percentiles(_ percentiles: [Double]) -> [UInt64]? {
    guard let highest = buckets.last?.value else { return nil }
    let count = count
    var ranks = percentiles.enumerated().map { ($0.offset, Self.rank(of: $0.element, count)) }
    ranks.sort { $0.1 < $1.1 }
    var values = [UInt64](repeating: highest, count: percentiles.count)
    var countSoFar: UInt64 = 0
    var next = ranks[...]
    for bucket in buckets where !next.isEmpty {
      countSoFar = Self.sum(countSoFar, bucket.count)
      while let (index, rank) = next.first, rank <= countSoFar {
        values[index] =
          rank == 0 ? bucket.value : min(Self.highestEquivalent(to: bucket.value), highest)
        next.removeFirst()
      }
    }
    return values
  }

  /// How many of `count` values lie at or below a percentile. 0 stands for the lowest value itself, `UInt64.max` for
  /// the highest.
  private static func rank(of percentile: Double, _ count: UInt64) -> UInt64 {
    if percentile <= 0 { return 0 }
    if percentile >= 100 { return .max }
    // The next smaller number is taken, as in HdrHistogram: a product that is a little too large because of rounding
    // errors would be rounded up to the next value's rank.
    return max(1, UInt64(saturating: (percentile.nextDown * Double(count) / 100).rounded(.up)))
  }

  /// The largest value that equals this one in its first 11 bits, as HdrHistogram keeps them for
  /// three digits: 1,024 steps from one power of two to the next.
  private static func highestEquivalent(to value: UInt64) -> UInt64 {
    let shift = max(0, 53 - value.leadingZeroBitCount)
    return value | ((1 << UInt64(shift)) - 1)
  }

  /// The value at this percentile (0 to 100), in nanoseconds; nil when nothing was measured.
  package func percentile(_ percentile: Double) -> UInt64? { percentiles([percentile])?.first }

  /// Merges the distributions two by two. The buckets of each are in order, so two are merged in
  /// one walk, without looking any bucket up.
  package init(merging distributions: some Sequence<Distribution>) {
    var rest = distributions.map(\.buckets)
    while rest.count > 1 {
      rest = stride(from: 0, to: rest.count, by: 2).map { index in
        index + 1 < rest.count ? Self.merged(rest[index], rest[index + 1]) : rest[index]
      }
    }
    self.init(buckets: rest.first ?? [])
  }

  private static func merged(_ left: [Bucket], _ right: [Bucket]) -> [Bucket] {
    var merged: [Bucket] = []
    merged.reserveCapacity(max(left.count, right.count))
    var (first, second) = (left[...], right[...])
    while let one = first.first, let other = second.first {
      if one.value < other.value {
        merged.append(first.removeFirst())
      } else if other.value < one.value {
        merged.append(second.removeFirst())
      } else {
        merged.append(Bucket(value: one.value, count: min(one.count + other.count, mostCount)))
        first.removeFirst()
        second.removeFirst()
      }
    }
    return merged + first + second
  }
}
