/// Numbers as people read them, the same in every locale.
package enum Format {
  /// `1,000,000`.
  package static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { grouped += "," }
      grouped.append(digit)
    }
    return (value < 0 ? "-" : "") + grouped
  }

  /// `1,000,000`, or `2.5` where there is a fraction.
  package static func count(_ value: Double) -> String { grouped(value, decimals: 2) }

  /// `25,000/s`; below one a second `10/min`.
  package static func rate(_ perSecond: Double) -> String {
    perSecond > 0 && perSecond < 1
      ? "\(grouped(perSecond * 60, decimals: 2))/min" : "\(grouped(perSecond, decimals: 2))/s"
  }

  /// `0.1%`, of a ratio of 1.
  package static func share(_ ratio: Double) -> String { "\(grouped(ratio * 100, decimals: 3))%" }

  /// `3.4 KiB`; whole bytes below 1,024.
  package static func bytes(_ value: Int) -> String { bytes(Double(value)) }

  package static func bytes(_ value: Double) -> String {
    var amount = value.magnitude
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    // 1023.95 would be shown as 1024.0, which is one of the next unit.
    while unit < units.count - 1, amount >= (unit == 0 ? 1024 : 1023.95) {
      amount /= 1024
      unit += 1
    }
    return "\(value < 0 ? "-" : "")\(grouped(amount, decimals: unit == 0 ? 0 : 1)) \(units[unit])"
  }

  /// A duration as it was planned, exactly: `250 ms`, `30 s`, `1 min 5 s`, `1 h 30 min`.
  package static func duration(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if seconds == 0 {
      let milliseconds = Double(attoseconds) / 1e15
      return milliseconds == 0 ? "0 s" : "\(grouped(milliseconds, decimals: 6)) ms"
    }
    var parts: [String] = []
    if seconds >= 3600 { parts.append("\(count(Int(seconds / 3600))) h") }
    if seconds / 60 % 60 > 0 { parts.append("\(seconds / 60 % 60) min") }
    let rest = Double(seconds % 60) + Double(attoseconds) / 1e18
    if rest > 0 { parts.append("\(grouped(rest, decimals: 9)) s") }
    return parts.joined(separator: " ")
  }

  /// A duration as it was measured, in about three digits: `40 µs`, `2.35 s`, `1 min 5 s`.
  package static func duration(seconds: Double) -> String {
    guard seconds.isFinite else { return "\(seconds)" }
    let sign = seconds < 0 ? "-" : ""
    let amount = seconds.magnitude
    guard amount > 0 else { return "0 s" }
    if amount >= 59.95 {
      let whole = Int(min(amount.rounded(), 1e15))
      return sign + Format.duration(.seconds(whole))
    }
    for (unit, scale) in [("ns", 1e9), ("µs", 1e6), ("ms", 1e3)] {
      // 999.5 would be shown as 1000, which is one of the next unit.
      if amount * scale < 999.5 { return "\(sign)\(threeDigits(amount * scale)) \(unit)" }
    }
    return "\(sign)\(threeDigits(amount)) s"
  }

  private static func threeDigits(_ value: Double) -> String {
    grouped(value, decimals: value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
  }

  /// Thousands grouped, at most so many decimals, no zeros at the end.
  private static func grouped(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    // In parts, as a large value times the scale would not fit an integer.
    var whole = value.magnitude.rounded(.down)
    var fraction = ((value.magnitude - whole) * scale).rounded()
    if fraction >= scale { (whole, fraction) = (whole + 1, 0) }
    var digits = String(Int(fraction))
    digits = String(repeating: "0", count: max(0, decimals - digits.count)) + digits
    while digits.last == "0" { digits.removeLast() }
    let sign = value < 0 && (whole > 0 || !digits.isEmpty) ? "-" : ""
    return sign + count(Int(whole)) + (digits.isEmpty ? "" : "." + digits)
  }
}

extension Duration {
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
