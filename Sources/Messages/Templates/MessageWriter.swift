import Addressing

/// The output of SplitMix64 for a state. Numbers that are near each other come out far apart.
package func mixed(_ value: UInt64) -> UInt64 {
  var bits = value &+ 0x9E37_79B9_7F4A_7C15
  bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
  bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
  return bits ^ bits >> 31
}

/// Fills a buffer from its start. Allocates only to write an IPv6 address.
@safe
package struct MessageWriter {
  /// The most decimal digits that a number of 64 bits has.
  package static var longestDecimal: Int { 20 }

  let buffer: UnsafeMutableRawBufferPointer
  package private(set) var count = 0

  package init(buffer: UnsafeMutableRawBufferPointer) {
    unsafe self.buffer = unsafe buffer
  }

  package mutating func append(_ byte: UInt8) {
    unsafe buffer[count] = byte
    count += 1
  }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
    count += bytes.count
  }

  package mutating func append(decimal value: UInt64) {
    var scale: UInt64 = 1
    while value / scale >= 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(value / scale % 10))
      scale /= 10
    }
  }

  mutating func append(_ address: IPAddress) {
    guard case .v4(let bits) = address else {
      for byte in address.description.utf8 { append(byte) }
      return
    }
    for shift in [24, 16, 8, 0] as [UInt32] {
      append(decimal: UInt64(bits >> shift & 255))
      if shift > 0 { append(UInt8(ascii: ".")) }
    }
  }

  mutating func appendRandom(_ length: Int, seed: UInt64) {
    var state = seed
    var bits: UInt64 = 0
    for index in 0..<length {
      // A word of 64 bits is enough for ten characters of six bits each.
      if index % 10 == 0 {
        state &+= 1
        bits = mixed(state)
      }
      append(Self.alphabet(UInt8(truncatingIfNeeded: bits & 63)))
      bits >>= 6
    }
  }

  /// 62 letters and digits, and two of them twice.
  private static func alphabet(_ index: UInt8) -> UInt8 {
    switch index {
    case 0..<26: UInt8(ascii: "a") + index
    case 26..<52: UInt8(ascii: "A") + index - 26
    case 52..<62: UInt8(ascii: "0") + index - 52
    default: UInt8(ascii: "x") + index - 62
    }
  }
}
