/// Unsigned LEB128: seven bits per byte, the lowest first; a byte's high bit says that more follow.
package enum Varint {
  package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    write(value) { bytes.append($0) }
  }

  /// Passes the number's bytes to `append`, one by one.
  package static func write(_ value: UInt64, _ append: (UInt8) -> Void) {
    var rest = value
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Takes a number off the front; nil where the bytes end too early, or it exceeds 64 bits.
  ///
  /// Not generic: another module would call it unspecialized, and a report would take twice as long.
  package static func take(from bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = bytes.popFirst(), shift < 64 {
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || bits <= 1 else { return nil }
      value |= bits << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }
}
