import Histogram

/// How often each value occurred: a latency distribution in nanoseconds.
///
/// Buckets are sorted by value. Percentiles come from HdrHistogram.
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
      .sorted { $0.value < $1.value }
  }

  /// No run counts that far, but a damaged recording may say so, and sums must not overflow.
  private static let mostCount: UInt64 = 1 << 52

  /// The population that a percentile of this distribution stands on.
  package var count: UInt64 { buckets.reduce(0) { $0 + $1.count } }

  package var maximum: UInt64? { buckets.last?.value }

  /// The values at these percentiles (0 to 100), in nanoseconds; nil when nothing was measured.
  package func percentiles(_ percentiles: [Double]) -> [UInt64]? {
    guard let highest = buckets.last?.value else { return nil }
    var histogram = Histogram<UInt64>(
      highestTrackableValue: max(2, highest), numberOfSignificantValueDigits: .three)
    for bucket in buckets { histogram.record(bucket.value, count: bucket.count) }
    return percentiles.map { min(histogram.valueAtPercentile($0), highest) }
  }

  package func percentile(_ percentile: Double) -> UInt64? { percentiles([percentile])?.first }

  /// All of these taken together, in one pass.
  package init(merging distributions: some Sequence<Distribution>) {
    var counts: [UInt64: UInt64] = [:]
    for distribution in distributions {
      for bucket in distribution.buckets { counts[bucket.value, default: 0] += bucket.count }
    }
    self.init(buckets: counts.map { Bucket(value: $0.key, count: $0.value) })
  }
}
