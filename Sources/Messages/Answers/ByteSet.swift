/// A set of bytes, such as the one that a bracket expression stands for.
struct ByteSet: Sendable, Equatable {
  private var bits = SIMD4<UInt64>(repeating: 0)

  init() {}

  init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { insert(byte) }
  }

  static var all: ByteSet { ByteSet().inverted }

  var inverted: ByteSet {
    var set = self
    set.bits = ~bits
    return set
  }

  func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

  mutating func insert(_ byte: UInt8) { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  mutating func formUnion(_ other: ByteSet) { bits |= other.bits }

  /// The bytes of `[:name:]` in the C locale; nil where there is no such class.
  init?(class name: String) {
    let isMember: (UInt8) -> Bool
    switch name {
    case "alpha": isMember = Self.isLetter
    case "digit": isMember = Self.isDigit
    case "alnum": isMember = { Self.isLetter($0) || Self.isDigit($0) }
    case "upper": isMember = { (0x41...0x5A).contains($0) }
    case "lower": isMember = { (0x61...0x7A).contains($0) }
    case "space": isMember = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    case "blank": isMember = { $0 == 0x20 || $0 == 0x09 }
    case "punct":
      isMember = { (0x21...0x7E).contains($0) && !Self.isLetter($0) && !Self.isDigit($0) }
    case "print": isMember = { (0x20...0x7E).contains($0) }
    case "graph": isMember = { (0x21...0x7E).contains($0) }
    case "cntrl": isMember = { $0 < 0x20 || $0 == 0x7F }
    case "xdigit": isMember = { Self.isDigit($0) || (0x61...0x66).contains($0 | 0x20) }
    default: return nil
    }
    self.init((0...UInt8.max).filter(isMember))
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
