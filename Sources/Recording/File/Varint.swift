/// LEB128: seven bits a byte, the lowest first; the high bit says that more follow.
enum Varint {
  static func append(_ value: UInt64, to bytes: inout some RangeReplaceableCollection<UInt8>) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Nil where the bytes end too early, or say more than 64 bits.
  static func take<Bytes: Collection<UInt8>>(
    from bytes: inout Bytes
  ) -> UInt64? where Bytes.SubSequence == Bytes {
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
