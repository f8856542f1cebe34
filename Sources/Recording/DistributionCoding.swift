package import struct Foundation.Data

extension Distribution {
  /// The buckets as LEB128 varints, two a bucket: how far its value lies above the one before,
  /// then its count.
  package var encoded: Data {
    var bytes = Data(capacity: buckets.count * 4)
    var last: UInt64 = 0
    for bucket in buckets {
      bytes.append(varint: bucket.value - last)
      bytes.append(varint: bucket.count)
      last = bucket.value
    }
    return bytes
  }

  /// Nil where the bytes are not what `encoded` makes of any distribution.
  package init?(encoded bytes: Data) {
    var rest = bytes[...]
    var buckets: [Bucket] = []
    var value: UInt64 = 0
    var total: UInt64 = 0
    while !rest.isEmpty {
      guard let delta = rest.takeVarint(), let count = rest.takeVarint(), count > 0
      else { return nil }
      // Half of the range bounds each sum: a value of 2^62 ns is 146 years.
      guard delta < 1 << 62, value + delta < 1 << 62 else { return nil }
      guard count < 1 << 62, total + count < 1 << 62 else { return nil }
      value += delta
      total += count
      buckets.append(Bucket(value: value, count: count))
    }
    self.init(buckets: buckets)
  }
}

extension Data {
  /// Seven bits a byte, the lowest first; the high bit says that more follow.
  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest > 0x7F {
      append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func takeVarint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = popFirst(), shift < 64 {
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || bits <= 1 else { return nil }
      value |= bits << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }
}
