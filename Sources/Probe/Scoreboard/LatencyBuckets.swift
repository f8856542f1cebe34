/// The buckets in which latencies are counted, in nanoseconds. Each is at most 1/128 as wide as its values
/// are large.
///
/// The layout is HdrHistogram's with two significant digits. HdrHistogram itself is not used, because
/// the worker counts in shared memory, without a call or an allocation.
package enum LatencyBuckets {
  /// Enough for latencies below 2^40 ns, 18 minutes. Longer ones count as that long.
  package static let count = 33 * 128 + 128
  private static let largest: UInt64 = (1 << 40) - 1

  /// The bucket of a latency, given in nanoseconds.
  package static func index(of value: UInt64) -> Int {
    let value = min(value, largest)
    guard value >= 256 else { return Int(value) }
    let shift = 56 - value.leadingZeroBitCount
    return shift << 7 + Int(value >> UInt64(shift))
  }

  /// Nanoseconds in the middle of a bucket, which stand for all of its values.
  package static func value(at index: Int) -> UInt64 {
    guard index >= 256 else { return UInt64(index) }
    let shift = index >> 7 - 1
    return UInt64(index - shift << 7) << UInt64(shift) + 1 << UInt64(shift - 1)
  }
}
