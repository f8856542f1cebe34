import Recording

/// HdrHistogram's own encoding of a histogram, version 2, in which its implementations exchange
/// histograms.
///
/// Values are nanoseconds with three significant digits, from 1 up to `highest`. In this file a bucket
/// is HdrHistogram's: a range of values. A bucket of `Distribution.buckets` is a single value.
struct HistogramEncoding {
  /// The highest value that a reader shall make room for. All histograms of a file have the same,
  /// so that readers can add them up.
  let highest: UInt64

  private static let significantDigits: Int32 = 3
  /// log2 of 1024, which is half of the number of counts in the first bucket. That bucket has one
  /// count for every value below 2048, the first power of two above 2 x 10^3.
  private static let halfCountMagnitude = 10
  /// The number of counts in the first bucket.
  private static let subBuckets: UInt64 = 1 << (halfCountMagnitude + 1)
  /// A cookie marks the start of an encoding. 0x10 in both says that the counts are LEB128, so
  /// words have no fixed size.
  private static let encodingCookie: UInt32 = 0x1C84_9303 | 0x10
  private static let compressedCookie: UInt32 = 0x1C84_9304 | 0x10

  /// The distribution as an interval log holds it, before base64: a cookie, a length, and a zlib
  /// stream with the histogram.
  func compressed(_ distribution: Distribution) -> [UInt8] {
    let stream = storedZlib(encoded(distribution))
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Self.compressedCookie)
    bytes.append(bigEndian: UInt32(stream.count))
    return bytes + stream
  }

  private func encoded(_ distribution: Distribution) -> [UInt8] {
    let payload = Self.payload(distribution)
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Self.encodingCookie)
    bytes.append(bigEndian: UInt32(payload.count))
    // The normalizing index offset: the counts are not shifted.
    bytes.append(bigEndian: Int32(0))
    bytes.append(bigEndian: Self.significantDigits)
    bytes.append(bigEndian: Int64(1))
    bytes.append(bigEndian: Int64(clamping: highest))
    // The ratio of integers to real numbers: the values are integers.
    bytes.append(bigEndian: (1.0 as Double).bitPattern)
    return bytes + payload
  }

  /// The counts up to the last that is not zero. One number stands for two or more zeros in a row:
  /// how many they are, with a minus sign.
  private static func payload(_ distribution: Distribution) -> [UInt8] {
    var counts: [(index: Int, count: Int64)] = []
    for entry in distribution.buckets {
      let index = index(of: entry.value)
      let count = Int64(clamping: entry.count)
      if counts.last?.index == index {
        counts[counts.count - 1].count &+= count
      } else {
        counts.append((index, count))
      }
    }
    var payload: [UInt8] = []
    var next = 0
    for (index, count) in counts {
      let zeros = index - next
      if zeros > 0 { payload.append(zigZag: zeros == 1 ? 0 : Int64(-zeros)) }
      payload.append(zigZag: count)
      next = index + 1
    }
    return payload
  }

  /// The index in HdrHistogram's array of counts of the count for a value. Each later bucket has
  /// half as many counts as the first, and each of them covers twice as many values as in the
  /// bucket before.
  static func index(of value: UInt64) -> Int {
    let bits = UInt64.bitWidth - (value | (subBuckets - 1)).leadingZeroBitCount
    let bucket = bits - (halfCountMagnitude + 1)
    return (bucket << halfCountMagnitude) + Int(value >> UInt64(bucket))
  }
}

extension [UInt8] {
  /// Appends the number as zigzag LEB128: its sign is the lowest bit. A ninth byte has eight bits.
  fileprivate mutating func append(zigZag value: Int64) {
    var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
    for _ in 0..<8 {
      guard rest > 0x7F else {
        append(UInt8(rest))
        return
      }
      append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
