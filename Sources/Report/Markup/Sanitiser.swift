import Recording

/// The text with every character replaced that a report must not carry: what XML 1.0 forbids
/// (https://www.w3.org/TR/xml/#charsets), what drives a terminal, and what reorders the text
/// around it. Newlines and tabs stay, and CR LF becomes a newline.
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

/// `sanitised`, on one line: for terminals, attributes and names.
package func onOneLine(_ text: String) -> String {
  var clean = String.UnicodeScalarView()
  for scalar in sanitised(text).unicodeScalars {
    clean.append(scalar == "\n" || scalar == "\t" ? " " : scalar)
  }
  return String(clean)
}

/// `onOneLine` of a text of any length, cut to `limit` characters with "…" at the end.
func brief(_ text: String, to limit: Int = 300) -> String {
  let scalars = text.unicodeScalars
  guard scalars.count > limit else { return onOneLine(text) }
  return onOneLine(String(scalars.prefix(limit - 1))) + "…"
}

/// At most `limit` characters of the text, with a note of how many are missing.
func truncated(_ text: String, to limit: Int) -> String {
  let excess = text.unicodeScalars.count - limit
  guard excess > 0 else { return text }
  return String(text.unicodeScalars.prefix(limit)) + "\n[\(Format.count(excess)) more characters]"
}
