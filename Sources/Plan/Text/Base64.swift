/// Base64: RFC 4648, section 4, with its padding.
enum Base64 {
  /// The bytes that a text encodes; nil for a text that is not the encoding of any bytes.
  static func bytes(of text: String) -> [UInt8]? {
    let letters = Array(text.utf8)
    guard letters.count % 4 == 0 else { return nil }
    let padding = letters.suffix(2).count { $0 == UInt8(ascii: "=") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(letters.count / 4 * 3)
    var group: UInt32 = 0
    for (index, letter) in letters.enumerated() {
      let isPadding = index >= letters.count - padding
      guard let value = isPadding ? 0 : value(of: letter) else { return nil }
      group = group << 6 | value
      guard index % 4 == 3 else { continue }
      bytes += [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> $0) }
      group = 0
    }
    // The bits that no byte uses must be zero: RFC 4648, section 3.5.
    guard bytes.suffix(padding).allSatisfy({ $0 == 0 }) else { return nil }
    return isPadded(letters, by: padding) ? bytes.dropLast(padding) : nil
  }

  /// Whether the last `count` letters are padding.
  private static func isPadded(_ letters: [UInt8], by count: Int) -> Bool {
    letters.suffix(count).allSatisfy { $0 == UInt8(ascii: "=") }
  }

  private static func value(of letter: UInt8) -> UInt32? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
