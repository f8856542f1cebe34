/// Base64 (RFC 4648, 4) with padding.
enum Base64 {
  /// How many characters this many bytes take.
  static func count(of bytes: Int) -> Int { (bytes + 2) / 3 * 4 }

  /// Writes the characters of these bytes.
  ///
  /// - Precondition: `text` has room for `count(of:)` characters.
  static func write(_ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer) {
    precondition(text.count >= count(of: bytes.count))
    var (from, to) = (0, 0)
    while from < bytes.count {
      let left = bytes.count - from
      var group = unsafe UInt32(bytes[from]) << 16
      if left > 1 { group |= unsafe UInt32(bytes[from + 1]) << 8 }
      if left > 2 { group |= unsafe UInt32(bytes[from + 2]) }
      for place in 0..<4 {
        let bits = UInt8(truncatingIfNeeded: group >> UInt32(18 - place * 6)) & 63
        unsafe text[to + place] = place <= left ? character(bits) : UInt8(ascii: "=")
      }
      from += 3
      to += 4
    }
  }

  /// The character for six bits.
  private static func character(_ bits: UInt8) -> UInt8 {
    switch bits {
    case 0..<26: UInt8(ascii: "A") + bits
    case 26..<52: UInt8(ascii: "a") + bits - 26
    case 52..<62: UInt8(ascii: "0") + bits - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}
