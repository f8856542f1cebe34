import WorkerLog

package import struct Foundation.Data

extension Distribution {
  /// The buckets as LEB128 varints, two per bucket: first by how much the bucket's value exceeds the value of the
  /// bucket before, then the bucket's count.
  package var encoded: Data {
    // Both directions go through an array, because a `Data` takes and gives single bytes ten times slower.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(buckets.count * 4)
    var last: UInt64 = 0
    for bucket in buckets {
      Varint.append(bucket.value - last, to: &bytes)
      Varint.append(bucket.count, to: &bytes)
      last = bucket.value
    }
    return Data(bytes)
  }

  /// Nil where the bytes are no distribution, or hold numbers that no run comes to.
  package init?(encoded bytes: Data) {
    var rest = [UInt8](bytes)[...]
    var buckets: [Bucket] = []
    var value: UInt64 = 0
    var total: UInt64 = 0
    while !rest.isEmpty {
      guard let delta = Varint.take(from: &rest), let count = Varint.take(from: &rest), count > 0
      else { return nil }
      // The bound keeps both sums from overflowing: a value of 2^62 ns is 146 years.
      guard delta < 1 << 62, value + delta < 1 << 62 else { return nil }
      guard count < 1 << 62, total + count < 1 << 62 else { return nil }
      value += delta
      total += count
      buckets.append(Bucket(value: value, count: count))
    }
    self.init(buckets: buckets)
  }
}
