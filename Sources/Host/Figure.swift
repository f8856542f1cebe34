/// Numbers as people read them.
enum Figure {
  /// With a comma between thousands: 1,000,064.
  static func count(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// With at most one digit after the point: 23.5 GiB, 3,520 B.
  static func bytes(_ value: Int) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    var amount = Double(value) / 1024
    guard abs(amount) >= 10 else { return "\(count(value)) B" }
    var unit = 0
    while abs(amount) >= 1024, unit < units.count - 1 {
      amount /= 1024
      unit += 1
    }
    let tenths = Int((amount * 10).rounded())
    let fraction = tenths.magnitude % 10
    return "\(count(tenths / 10))\(fraction == 0 ? "" : ".\(fraction)") \(units[unit])"
  }

  /// A share of 1, in per cent.
  static func share(_ value: Double) -> String { "\(Int((value * 100).rounded()))%" }

  static func count(_ value: Double) -> String { count(Int(value.rounded())) }

  /// A setting to ask for: five per cent more, then up to the next two leading digits.
  static func withHeadroom(_ value: Int) -> Int {
    let wanted = value + value / 20
    var step = 1
    while wanted / step >= 100 { step *= 10 }
    return (wanted + step - 1) / step * step
  }
}
