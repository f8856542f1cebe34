extension Unicode.Scalar {
  /// Whether the scalar is never shown as it stands, because a terminal would obey it or it would change how the
  /// text around it looks. It is a control other than tab, LF and CR, a noncharacter of at most 16 bits,
  /// bidirectional formatting, or the line or paragraph separator.
  package var isHostile: Bool {
    switch value {
    case 0x09, 0x0A, 0x0D: false
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0xFFFE, 0xFFFF, 0xFDD0...0xFDEF: true
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    case 0x2028, 0x2029: true
    default: false
    }
  }
}

/// A text from a file that may be anyone's, as a message may quote it: on one line, with U+FFFD for each hostile
/// character.
func shown(_ text: some StringProtocol) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { $0.isHostile || $0 == "\n" || $0 == "\r" ? "\u{FFFD}" : $0 }))
}
