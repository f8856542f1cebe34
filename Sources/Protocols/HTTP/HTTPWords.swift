/// Recognises known words that come byte by byte. A set has one bit for each word that the bytes so far
/// may still become.
enum HTTPWords {
  /// The headers whose values a reader looks into. The raw value is the number of the bit in a set.
  enum Field: UInt8 {
    case host, connection, contentLength, transferEncoding, upgrade, expect
    case key, version, extensions, `protocol`
    /// Any other header.
    case other
  }

  /// The bit of the name in the `HTTPQuestion`.
  static var asked: UInt16 { 1 << 15 }

  /// The set of the header names that a server's, or a client's, reader looks for.
  static func names(ofServer isServer: Bool) -> UInt16 {
    let ofResponses =
      bit(.connection) | bit(.contentLength) | bit(.transferEncoding) | bit(.upgrade)
      | bit(.extensions) | bit(.protocol)
    return isServer
      ? ofResponses | bit(.host) | bit(.expect) | bit(.key) | bit(.version) : ofResponses
  }

  private static func bit(_ field: Field) -> UInt16 { 1 << UInt16(field.rawValue) }

  /// The name, in lower case, whose bit has this number.
  static func name(_ index: Int) -> StaticString {
    switch index {
    case 0: "host"
    case 1: "connection"
    case 2: "content-length"
    case 3: "transfer-encoding"
    case 4: "upgrade"
    case 5: "expect"
    case 6: "sec-websocket-key"
    case 7: "sec-websocket-version"
    case 8: "sec-websocket-extensions"
    case 9: "sec-websocket-protocol"
    default: ""
    }
  }

  /// The tokens that a reader looks for in values that are lists of tokens, as bits of a set.
  enum Token {
    static var close: UInt16 { 1 << 0 }
    static var keepAlive: UInt16 { 1 << 1 }
    static var upgrade: UInt16 { 1 << 2 }
    static var chunked: UInt16 { 1 << 3 }
    static var webSocket: UInt16 { 1 << 4 }
    static var continues: UInt16 { 1 << 5 }
    static var thirteen: UInt16 { 1 << 6 }
  }

  /// The token, in lower case, whose bit has this number.
  static func token(_ index: Int) -> StaticString {
    switch index {
    case 0: "close"
    case 1: "keep-alive"
    case 2: "upgrade"
    case 3: "chunked"
    case 4: "websocket"
    case 5: "100-continue"
    case 6: "13"
    default: ""
    }
  }

  /// The set of the tokens that mean something in this header.
  static func tokens(of field: Field) -> UInt16 {
    switch field {
    case .connection: Token.close | Token.keepAlive | Token.upgrade
    case .transferEncoding: Token.chunked
    case .upgrade: Token.webSocket
    case .expect: Token.continues
    case .version: Token.thirteen
    default: 0
    }
  }

  /// The words of a set that have this byte at this place.
  @inline(__always)
  static func narrowed(
    _ set: UInt16, at place: UInt8, by byte: UInt8, _ word: (Int) -> StaticString
  ) -> UInt16 {
    var kept: UInt16 = 0
    var rest = set
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      let text = word(index)
      if Int(place) < text.utf8CodeUnitCount, unsafe text.utf8Start[Int(place)] == byte {
        kept |= 1 << UInt16(truncatingIfNeeded: index)
      }
    }
    return kept
  }

  /// The words of a set that are `place` bytes long.
  @inline(__always)
  static func ended(_ set: UInt16, at place: UInt8, _ word: (Int) -> StaticString) -> UInt16 {
    var kept: UInt16 = 0
    var rest = set
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      if word(index).utf8CodeUnitCount == Int(place) {
        kept |= 1 << UInt16(truncatingIfNeeded: index)
      }
    }
    return kept
  }
}

/// Classes of bytes, as RFC 9110 and RFC 3986 name them.
enum HTTPByte {
  static var tab: UInt8 { 0x09 }
  static var lineFeed: UInt8 { 0x0A }
  static var carriageReturn: UInt8 { 0x0D }
  static var space: UInt8 { 0x20 }

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// A letter in lower case; other bytes as they are.
  @inline(__always)
  static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// Whether a value or a reason phrase may have this byte: visible characters, white space, obs-text.
  @inline(__always)
  static func isText(_ byte: UInt8) -> Bool {
    byte >= 0x20 ? byte != 0x7F : byte == tab
  }

  /// tchar: letters, digits and !#$%&'*+-.^_`|~. A table with one bit for each byte below 128, because a
  /// head has many such bytes.
  @inline(__always)
  static func isTokenByte(_ byte: UInt8) -> Bool {
    let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : byte < 128 ? 0x57FF_FFFF_C7FF_FFFE : 0
    return bits >> UInt64(byte & 63) & 1 != 0
  }

  /// Whether each of the eight bytes is text, and none a tab.
  @inline(__always)
  static func areText(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let deletes = word ^ (ones &* 0x7F)
    let isBelow = (word &- (ones &* 0x20)) & ~word
    let isDelete = (deletes &- ones) & ~deletes
    return (isBelow | isDelete) & (ones &* 0x80) == 0
  }

  /// Whether uri-host or port may have this byte: unreserved, sub-delims, percent, colon and brackets.
  static func isHostByte(_ byte: UInt8) -> Bool {
    if isLetter(byte) || isDigit(byte) { return true }
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
      UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "%"),
      UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
      return true
    default: return false
    }
  }

  static func isSchemeByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }

  /// Visible ASCII without `#`: a fragment is never sent (RFC 9112, 3.2.1).
  static func isTargetByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
  }

  /// Whether the base64 of 16 bytes may have this byte at this place: 22 characters, then two `=`.
  static func isKeyByte(_ byte: UInt8, at place: UInt8) -> Bool {
    if place >= 22 { return place < 24 && byte == UInt8(ascii: "=") }
    return isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
  }

  /// The value of a hexadecimal digit; nil for any other byte.
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }
}
