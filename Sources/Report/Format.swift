/// Numbers as people read them, the same on every host: a point, and commas between thousands.
enum Format {
  /// "1,000,000".
  static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
      grouped.append(digit)
    }
    return value < 0 ? "-" + grouped : grouped
  }

  /// A value with exactly this many decimals: "41.200".
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "–" }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let scaled = Int((value.magnitude * scale).rounded())
    let whole = String(scaled / Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + whole }
    let fraction = String(scaled % Int(scale))
    return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// A value with as many decimals as it needs, and no more than `decimals`: "2.5", "40".
  static func short(_ value: Double, _ decimals: Int) -> String {
    var text = fixed(value, decimals)
    guard text.contains(".") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// Three figures of a value: "0.93", "21.4", "342".
  private static func figures(_ value: Double) -> String {
    switch value.magnitude {
    case ..<1: short(value, 2)
    case ..<99.95: short(value, 1)
    default: short(value, 0)
    }
  }

  /// "250k", "1.5M": for axes, where "1,500,000" is too long.
  static func compact(_ value: Double) -> String {
    switch value.magnitude {
    case 1e9...: short(value / 1e9, 2) + "G"
    case 1e6...: short(value / 1e6, 2) + "M"
    case 1e3...: short(value / 1e3, 2) + "k"
    default: short(value, 2)
    }
  }

  /// "3.3 KiB".
  static func bytes(_ value: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var scaled = value
    var unit = 0
    while scaled.magnitude >= 1024, unit < units.count - 1 {
      scaled /= 1024
      unit += 1
    }
    return (unit == 0 ? short(scaled, 0) : figures(scaled)) + " " + units[unit]
  }

  /// "21,000/s".
  static func rate(_ perSecond: Double) -> String {
    guard perSecond.isFinite, perSecond.magnitude < 1e15 else { return "–" }
    return (perSecond.magnitude < 10 ? short(perSecond, 1) : count(Int(perSecond.rounded()))) + "/s"
  }

  /// A length of time in the unit that suits it: "40 µs", "2.5 ms", "41.2 s", "1 h 05 min".
  static func duration(_ seconds: Double) -> String {
    switch seconds.magnitude {
    case 0: return "0 s"
    case ..<0.999_5e-6: return figures(seconds * 1e9) + " ns"
    case ..<0.999_5e-3: return figures(seconds * 1e6) + " µs"
    case ..<0.999_5: return figures(seconds * 1e3) + " ms"
    case ..<99.95: return figures(seconds) + " s"
    default:
      let whole = Int(min(seconds, 1e12).rounded())
      if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
      return "\(whole / 3600) h \(padded(whole / 60 % 60)) min"
    }
  }

  /// A point in time of the run: "12.34 s".
  static func instant(_ seconds: Double) -> String { fixed(seconds, 2) + " s" }

  /// "0.12%".
  static func share(_ ratio: Double) -> String { figures(ratio * 100) + "%" }

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

  /// `started` of a recording as people read it: "2026-01-02 03:04:05 UTC".
  static func date(_ started: String) -> String {
    guard started.count >= 19 else { return line(started) }
    return line("\(started.prefix(10)) \(started.dropFirst(11).prefix(8)) UTC")
  }
}
