/// Turns bytes that a peer sent into readable text, and escaped text into bytes.
package enum EscapedText {
  /// The most bytes that are shown, plus the rest of a character that begins among them.
  static let longest = 1000

  /// The bytes in quotes and on one line. Every byte that a terminal would obey, or could not show, is escaped.
  /// Where bytes are left out, the text says how many.
  package static func shown(_ bytes: some Collection<UInt8>) -> String {
    let bytes = Array(bytes)
    var text = "\""
    var index = 0
    while index < min(bytes.count, longest) {
      let length = append(bytes[index...], to: &text)
      index += length
    }
    text += "\""
    return index < bytes.count ? "\(text)… and \(Format.count(bytes.count - index)) bytes" : text
  }

  /// Bytes as they stand between the quotes.
  package static func inner(_ bytes: [UInt8]) -> [UInt8] {
    var text = ""
    var index = 0
    while index < bytes.count { index += append(bytes[index...], to: &text) }
    return Array(text.utf8)
  }

  /// Adds the character that `bytes` begin with to `text`; returns the character's length in bytes.
  private static func append(_ bytes: ArraySlice<UInt8>, to text: inout String) -> Int {
    let first = bytes[bytes.startIndex]
    switch first {
    case UInt8(ascii: "\n"): text += "\\n"
    case UInt8(ascii: "\r"): text += "\\r"
    case UInt8(ascii: "\t"): text += "\\t"
    case UInt8(ascii: "\""): text += "\\\""
    case UInt8(ascii: "\\"): text += "\\\\"
    default:
      // The first byte of a character says how many bytes the character has (RFC 3629).
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      guard let character = String(validating: bytes.prefix(length), as: UTF8.self),
        character.unicodeScalars.count == 1, let scalar = character.unicodeScalars.first,
        !scalar.isHostile, scalar.properties.generalCategory != .format
      else {
        text += "\\x" + (first < 16 ? "0" : "") + String(first, radix: 16)
        return 1
      }
      text.unicodeScalars.append(scalar)
      return length
    }
    return 1
  }

  /// An escape that stands for no byte.
  package struct Wrong: Error, Equatable {
    package let escape: String
  }

  /// The bytes of a text in which `\n`, `\r`, `\t`, `\"`, `\\` and `\xHH` stand for one byte each.
  package static func bytes(of text: some StringProtocol) throws(Wrong) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        let digits = rest.prefix(2)
        guard digits.count == 2, digits.allSatisfy(isHexDigit),
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw Wrong(escape: "\\x" + completed(digits, by: rest.dropFirst(2))) }
        bytes.append(value)
        rest = rest.dropFirst(2)
      case let other:
        throw Wrong(escape: "\\" + completed([other].compactMap(\.self), by: rest))
      }
    }
    return bytes
  }

  /// The bytes as text, with those of `rest` that belong to the last character.
  private static func completed(
    _ bytes: some Sequence<UInt8>, by rest: ArraySlice<UInt8>
  ) -> String {
    String(decoding: bytes + rest.prefix { $0 & 0xC0 == 0x80 }, as: UTF8.self)
  }

  /// Needed because `UInt8(_:radix:)` also accepts a sign.
  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
