extension Duration {
  /// The duration in the largest of h, m and s that gives a whole number, else in ms or us.
  var yaml: String {
    let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    for (unit, size) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)]
    where nanoseconds % Int64(size) == 0 { return "\(nanoseconds / Int64(size))\(unit)" }
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest > 0 else { return "\(whole)ms" }
    if whole == 0, rest % 1000 == 0 { return "\(rest / 1000)us" }
    let fraction = String(rest)
    return "\(whole).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)ms"
  }
}

/// A double in full, without an exponent, so that it reads as the same double again.
///
/// - Parameter places: how far the decimal point moves to the right: 2 for percent.
func yamlNumber(_ value: Double, shiftedBy places: Int = 0) -> String {
  let parts = "\(value)".split(separator: "e")
  let exponent = (parts.count == 2 ? Int(parts[1]) ?? 0 : 0) + places
  let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
  let fraction = mantissa.count == 2 && mantissa[1] != "0" ? mantissa[1] : ""
  var digits = String(mantissa[0] + fraction)
  var point = mantissa[0].count + exponent
  if point <= 0 {
    digits = String(repeating: "0", count: 1 - point) + digits
    point = 1
  }
  digits += String(repeating: "0", count: max(0, point - digits.count))
  let whole = digits.prefix(point).drop { $0 == "0" }
  let rest = digits.dropFirst(point)
  return (whole.isEmpty ? "0" : whole) + (rest.isEmpty ? "" : "." + rest)
}

/// The text as a YAML scalar that reads as the same text again, once the reader has expanded its
/// variables. It has no quotes where that is safe beyond doubt.
func yamlScalar(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "/", ":", " ", "<", ">", "=", "!", "%":
      true
    default: false
    }
  }
  let hasSafeStart = text.utf8.first.map { $0 >= 0x30 && $0 != 0x3A && !(0x3C...0x3E).contains($0) }
  let hasSafeEnd = text.last != ":" && text.last != " "
  return isPlain && hasSafeStart == true && hasSafeEnd && !text.contains(": ")
    ? text : "\"\(escaped(text.replacing("${", with: "$${")))\""
}

/// Any text as a YAML key. Variables are not expanded in keys, so `${` needs no escape.
func yamlKey(_ text: String) -> String { "\"\(escaped(text))\"" }

private func escaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": escaped += "\\\""
    case "\\": escaped += "\\\\"
    case "\n": escaped += "\\n"
    case "\t": escaped += "\\t"
    case _ where !scalar.isASCII || scalar.value < 0x20 || scalar.value == 0x7F:
      let digits = String(scalar.value, radix: 16)
      escaped += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
