/// Where a latency is counted: buckets as wide as 1/128 of their value, in nanoseconds.
///
/// The layout is HdrHistogram's with two significant digits, kept apart from it because the worker
/// counts in shared memory, without a call or an allocation.
package enum LatencyBuckets {
  /// Values up to 2^40 ns, 18 minutes; longer ones count as that long.
  package static let count = 34 * 128 + 128
  private static let largest: UInt64 = (1 << 40) - 1

  package static func index(of value: UInt64) -> Int {
    let value = min(value, largest)
    guard value >= 256 else { return Int(value) }
    let shift = 56 - value.leadingZeroBitCount
    return shift << 7 + Int(value >> UInt64(shift))
  }

  /// The middle of a bucket: what its values are taken for.
  package static func value(at index: Int) -> UInt64 {
    guard index >= 256 else { return UInt64(index) }
    let shift = index >> 7 - 1
    return UInt64(index - shift << 7) << UInt64(shift) + 1 << UInt64(shift - 1)
  }
}
