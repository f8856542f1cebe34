/// Numbers as people read them, the same in every locale: a point, and commas between thousands.
///
/// Planned values have all their digits, at least to a hundredth. Measured values have about three figures. NaN,
/// infinity and values beyond all integers are written as "–".
package enum Format {
  /// "1,000,000".
  package static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
      grouped.append(digit)
    }
    return value < 0 ? "-" + grouped : grouped
  }

  /// "1,000,000", or "2.5" where there is a fraction; with at most two decimals.
  package static func count(_ value: Double) -> String { grouped(value, 2) }

  /// "250k", "1.5M": for axes, where "1,500,000" is too long.
  package static func compact(_ value: Double) -> String {
    switch value.magnitude {
    case 1e9...: short(value / 1e9, 2) + "G"
    case 1e6...: short(value / 1e6, 2) + "M"
    case 1e3...: short(value / 1e3, 2) + "k"
    default: short(value, 2)
    }
  }

  /// A value with exactly this many decimals: "41.200".
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard let parts = Parts(value, decimals) else { return "–" }
    return parts.sign + String(parts.whole) + (decimals > 0 ? "." + parts.fraction : "")
  }

  /// A value with as many decimals as it needs, and no more than `decimals`: "2.5", "40".
  package static func short(_ value: Double, _ decimals: Int) -> String {
    guard let parts = Parts(value, decimals) else { return "–" }
    return parts.sign + String(parts.whole) + parts.shortFraction
  }

  /// `short` with commas between thousands.
  private static func grouped(_ value: Double, _ decimals: Int) -> String {
    guard let parts = Parts(value, decimals) else { return "–" }
    return parts.sign + count(parts.whole) + parts.shortFraction
  }

  /// Three figures of a value: "0.0123", "0.93", "2.35", "21.4", "342".
  private static func figures(_ value: Double) -> String {
    // From 99.95 on, one decimal would give 100.0, and from 9.995 on, two would give 10.00: a figure too many.
    if value.magnitude >= 99.95 { return grouped(value, 0) }
    if value.magnitude >= 9.995 { return grouped(value, 1) }
    var decimals = 2
    var first = value.magnitude
    while first > 0, first < 0.9995, decimals < 9 {
      first *= 10
      decimals += 1
    }
    return grouped(value, decimals)
  }
}

extension Format {
  /// "3.32 KiB"; whole bytes below 1,024.
  package static func bytes(_ value: Int) -> String { bytes(Double(value)) }

  package static func bytes(_ value: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var amount = value
    var unit = 0
    // 1023.6 KiB would be written as 1,024 KiB, and that is 1 MiB.
    while unit < units.count - 1, amount.magnitude >= 1023.5 {
      amount /= 1024
      unit += 1
    }
    return (unit == 0 ? grouped(amount, 0) : figures(amount)) + " " + units[unit]
  }

  /// A measured rate: "21,000/s", "2.35/s". Below one per second it is per minute: "30/min".
  package static func rate(_ perSecond: Double) -> String { rate(perSecond, figures) }

  /// A rate as it was planned, or is judged: "12.5/s", "24,999.7/s".
  package static func rate(exactly perSecond: Double) -> String {
    rate(perSecond) { grouped($0, 2) }
  }

  private static func rate(_ perSecond: Double, _ format: (Double) -> String) -> String {
    perSecond > 0 && perSecond < 1 ? format(perSecond * 60) + "/min" : format(perSecond) + "/s"
  }

  /// A ratio in percent: "0.12%" for 0.0012.
  package static func share(_ ratio: Double) -> String { figures(ratio * 100) + "%" }
}

extension Format {
  /// A duration as it was planned: "250 ms", "1.5 s", "1 min 05 s", "1 h 30 min".
  package static func duration(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if seconds == 0 {
      return attoseconds == 0 ? "0 s" : grouped(Double(attoseconds) / 1e15, 6) + " ms"
    }
    let parts = [
      (Double(seconds / 3600), "h"), (Double(seconds / 60 % 60), "min"),
      (Double(seconds % 60) + Double(attoseconds) / 1e18, "s"),
    ]
    return parts.reduce(into: "") { text, part in
      guard part.0 > 0 else { return }
      text += (text.isEmpty ? "" : part.0 < 10 ? " 0" : " ") + grouped(part.0, 9) + " " + part.1
    }
  }

  /// A duration as it was measured: "40 µs", "2.35 s", "2 min 05 s", "1 h 05 min".
  package static func duration(seconds: Double) -> String {
    // 59.96 s would be written as 60 s, and that is a minute.
    if seconds.magnitude >= 59.95 { return long(seconds) }
    if seconds == 0 { return "0 s" }
    for (unit, scale) in [("ns", 1e9), ("µs", 1e6), ("ms", 1e3)]
    where seconds.magnitude * scale < 999.5 {
      return figures(seconds * scale) + " " + unit
    }
    return figures(seconds) + " s"
  }

  /// A duration of a minute or more: in minutes and seconds, or in hours and minutes.
  private static func long(_ seconds: Double) -> String {
    guard let parts = Parts(seconds, 0) else { return "–" }
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = parts.whole / 60
    let text =
      minutes < 60
      ? "\(minutes) min \(padded(parts.whole % 60)) s"
      : "\(count(minutes / 60)) h \(padded(minutes % 60)) min"
    return parts.sign + text
  }

  /// A point in time of the run: "12.34 s", "2 min 05 s", "1 h 02 min 05 s".
  package static func instant(_ seconds: Double) -> String {
    // 59.996 s would be written as 60.00 s, and that is a minute.
    guard seconds >= 59.995, let parts = Parts(seconds, 0), parts.whole >= 3600 else {
      return seconds >= 59.995 ? duration(seconds: seconds) : fixed(seconds, 2) + " s"
    }
    let rest = parts.whole % 60
    return duration(seconds: Double(parts.whole - rest)) + (rest < 10 ? " 0" : " ") + "\(rest) s"
  }
}

/// A value rounded to a number of decimals, as digits.
private struct Parts {
  let sign: String
  let whole: Int
  let fraction: String

  /// Nil for NaN, for infinity, and for a value beyond all integers.
  init?(_ value: Double, _ decimals: Int) {
    guard value.magnitude < 9e18 else { return nil }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    // Whole and fraction are rounded apart, because a large value times the scale would not fit an integer.
    var whole = value.magnitude.rounded(.down)
    var fraction = ((value.magnitude - whole) * scale).rounded()
    if fraction >= scale { (whole, fraction) = (whole + 1, fraction - scale) }
    let digits = decimals > 0 ? String(Int(fraction)) : ""
    self.whole = Int(whole)
    self.fraction = String(repeating: "0", count: decimals - digits.count) + digits
    sign = value < 0 && (whole > 0 || fraction > 0) ? "-" : ""
  }

  /// The point and the fraction, without zeros at the end; empty where nothing is left.
  var shortFraction: String {
    let digits = fraction.reversed().drop { $0 == "0" }.reversed()
    return digits.isEmpty ? "" : "." + String(digits)
  }
}
