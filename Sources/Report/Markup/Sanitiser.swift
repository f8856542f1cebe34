import Recording

/// The text with U+FFFD for every character that a report must not carry: those that XML 1.0
/// forbids (https://www.w3.org/TR/xml/#charsets), that control a terminal, or that reorder the text
/// around them. Newlines and tabs stay. CR LF becomes a newline, and a CR alone is replaced, too.
func sanitised(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { $0.isHostile || $0 == "\r" }) else { return text }
  var clean = String.UnicodeScalarView()
  var previous: Unicode.Scalar?
  for scalar in text.unicodeScalars {
    if scalar == "\n", previous == "\r" {
      clean.removeLast()
      clean.append("\n")
    } else {
      clean.append(scalar.isHostile || scalar == "\r" ? "\u{FFFD}" : scalar)
    }
    previous = scalar
  }
  return String(clean)
}

/// `sanitised`, with a space for each newline and tab: for terminals, attributes and names.
package func onOneLine(_ text: String) -> String {
  var clean = String.UnicodeScalarView()
  for scalar in sanitised(text).unicodeScalars {
    clean.append(scalar == "\n" || scalar == "\t" ? " " : scalar)
  }
  return String(clean)
}

/// `onOneLine` of a text, cut to `limit` characters with "…" at the end. Cuts first, because the
/// text may be of any length.
func brief(_ text: String, to limit: Int = 300) -> String {
  let scalars = text.unicodeScalars
  guard scalars.count > limit else { return onOneLine(text) }
  return onOneLine(String(scalars.prefix(limit - 1))) + "…"
}

/// The first `limit` characters of the text and, if it has more, a note of how many are missing.
func truncated(_ text: String, to limit: Int) -> String {
  let excess = text.unicodeScalars.count - limit
  guard excess > 0 else { return text }
  return String(text.unicodeScalars.prefix(limit)) + "\n[\(Format.count(excess)) more characters]"
}
