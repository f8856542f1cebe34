/// A peer's text in quotes and on one line. Characters that a terminal would obey or could not show are escaped.
package enum QuotedText {
  package static func of(_ bytes: [UInt8]) -> String { "\"\(escaped(bytes))\"" }

  /// Bytes as they stand between the quotes.
  package static func inner(_ bytes: [UInt8]) -> [UInt8] { Array(escaped(bytes).utf8) }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\n": text += "\\n"
      case _ where isShown(scalar): text.unicodeScalars.append(scalar)
      default: text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return text
  }

  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }
}
