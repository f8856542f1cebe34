/// What is wrong with a value, without its place in a file.
package struct Problem: Error, Equatable {
  package var message: String
  package var hint: String?

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

/// Parsers for the values that a plan is written in: numbers with units.
///
/// Every value but a count needs its unit, as `30` may mean anything.
package enum Units {
  package static let mostCount = 1_000_000_000_000
  /// A year: nobody means a longer duration.
  package static let longest = Duration.seconds(365 * 24 * 3600)
  /// Per second.
  package static let highestRate = 1e9

  /// `20000`, `20k`, `1.5M`.
  package static func count(_ text: String) throws(Problem) -> Int {
    let (number, unit) = try split(text, kind: "count", example: "20000, 20k or 1M")
    let scale: Int
    switch unit {
    case "": scale = 1
    case "k": scale = 1000
    case "M": scale = 1_000_000
    default:
      throw Problem(
        "\(quoted(text)) is not a count: there is no unit \(quoted(unit))",
        hint: unitHint(number, unit, ["K": "k", "m": "M", "mio": "M"], orElse: "units are k and M"))
    }
    guard let value = number.scaled(by: scale) else {
      throw Problem("\(quoted(text)) is not a whole number")
    }
    guard value <= mostCount else { throw Problem("\(quoted(text)) is too large") }
    return Int(value)
  }

  /// A count of one or more.
  package static func positiveCount(_ text: String) throws(Problem) -> Int {
    let value = try count(text)
    guard value > 0 else { throw Problem("\(quoted(text)) is no use here: it must be 1 or more") }
    return value
  }

  /// `50us`, `250ms`, `30s`, `1.5m`, `2h`.
  package static func duration(_ text: String) throws(Problem) -> Duration {
    let (number, unit) = try split(text, kind: "duration", example: "30s")
    let nanoseconds: Int
    switch unit {
    case "us": nanoseconds = 1000
    case "ms": nanoseconds = 1_000_000
    case "s": nanoseconds = 1_000_000_000
    case "m": nanoseconds = 60_000_000_000
    case "h": nanoseconds = 3_600_000_000_000
    case "":
      throw Problem(
        "\(quoted(text)) is a duration without a unit",
        hint: "write \(number.text)s for seconds or \(number.text)ms for milliseconds")
    default:
      let meant = [
        "sec": "s", "min": "m", "S": "s", "H": "h", "seconds": "s", "minutes": "m", "µs": "us",
        "μs": "us", "usec": "us", "msec": "ms",
      ]
      throw Problem(
        "\(quoted(text)) is not a duration: there is no unit \(quoted(unit))",
        hint: unitHint(number, unit, meant, orElse: "units are us, ms, s, m and h"))
    }
    guard let value = number.scaled(by: nanoseconds) else {
      throw Problem("\(quoted(text)) is finer than a nanosecond")
    }
    // Before it is made a duration, which traps on more seconds than 64 bits hold.
    guard value <= Int128(longest / .nanoseconds(1)) else {
      throw Problem("\(quoted(text)) is longer than a year")
    }
    return .nanoseconds(value)
  }

  /// A duration longer than zero.
  package static func positiveDuration(_ text: String) throws(Problem) -> Duration {
    let value = try duration(text)
    guard value > .zero else {
      throw Problem("\(quoted(text)) is no use here: it must be longer than zero")
    }
    return value
  }

  /// `25k/s`, `600/m`; the result is per second.
  package static func rate(_ text: String) throws(Problem) -> Double {
    let (number, unit) = try split(text, kind: "rate", example: "25k/s")
    let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let exponent = ["": 0, "k": 3, "M": 6][parts.first.map(String.init) ?? ""]
    guard let exponent, parts.count == 2 || unit.isEmpty || unit == "k" || unit == "M" else {
      throw Problem(
        "\(quoted(text)) is not a rate: there is no unit \(quoted(unit))",
        hint: "write 25k/s or 600/m")
    }
    guard parts.count == 2 else {
      throw Problem(
        "\(quoted(text)) is a rate without a unit",
        hint: "write \(text)/s for that many a second")
    }
    guard let value = number.double(exponent: exponent) else {
      throw Problem("\(quoted(text)) is too large")
    }
    guard parts[1] == "s" || parts[1] == "m" else {
      throw Problem(
        "\(quoted(text)) is not a rate: a rate is per s or per m",
        hint: "write \(number.text)\(parts[0])/s or \(number.text)\(parts[0])/m")
    }
    let perSecond = parts[1] == "m" ? value / 60 : value
    guard perSecond <= highestRate else { throw Problem("\(quoted(text)) is too high") }
    return perSecond
  }

  /// A rate above zero.
  package static func positiveRate(_ text: String) throws(Problem) -> Double {
    let value = try rate(text)
    guard value > 0 else {
      throw Problem("\(quoted(text)) is no use here: a rate must be more than zero")
    }
    return value
  }

  /// `0.1%`; the result is a part of 1, here 0.001.
  package static func share(_ text: String) throws(Problem) -> Double {
    let (number, unit) = try split(text, kind: "share", example: "0.1%")
    guard unit == "%" else {
      throw Problem(
        "\(quoted(text)) is not a share: it has no %", hint: "write \(number.text)%")
    }
    guard let value = number.double(exponent: -2), value <= 1 else {
      throw Problem("\(quoted(text)) is more than the whole")
    }
    return value
  }

  /// `64B`, `1kB`, `1MiB`; bytes.
  package static func size(_ text: String) throws(Problem) -> Int {
    let (number, unit) = try split(text, kind: "size", example: "64KiB")
    let units = ["B": 1, "kB": 1000, "KiB": 1 << 10, "MB": 1_000_000, "MiB": 1 << 20]
    guard let scale = units[unit] else {
      guard !unit.isEmpty else {
        throw Problem(
          "\(quoted(text)) is a size without a unit",
          hint: "write \(number.text)B or \(number.text)MiB")
      }
      let meant = ["KB": "kB", "kib": "KiB", "mb": "MB", "M": "MB", "k": "kB", "b": "B"]
      throw Problem(
        "\(quoted(text)) is not a size: there is no unit \(quoted(unit))",
        hint: unitHint(number, unit, meant, orElse: "units are B, kB, KiB, MB and MiB"))
    }
    guard let value = number.scaled(by: scale) else {
      throw Problem("\(quoted(text)) is not a whole number of bytes")
    }
    guard value <= Int128(Int.max) else { throw Problem("\(quoted(text)) is too large") }
    return Int(value)
  }

  /// A size of one byte or more.
  package static func positiveSize(_ text: String) throws(Problem) -> Int {
    let value = try size(text)
    guard value > 0 else { throw Problem("\(quoted(text)) is no use here: it must be 1B or more") }
    return value
  }

  /// Splits `1.5M` into its number and its unit.
  private static func split(
    _ text: String, kind: String, example: String
  ) throws(Problem) -> (Decimal, String) {
    if text.hasPrefix("-") {
      throw Problem("\(quoted(text)) is negative: a \(kind) is not", hint: "write \(example)")
    }
    let digits = text.prefix { "0123456789.".contains($0) }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard let number = Decimal(String(digits)) else {
      throw Problem("\(quoted(text)) is not a \(kind)", hint: "write \(example)")
    }
    return (number, String(unit))
  }

  /// - Parameter meant: the unit that is meant by each of the units that do not exist.
  private static func unitHint(
    _ number: Decimal, _ unit: String, _ meant: [String: String], orElse: String
  ) -> String {
    meant[unit].map { "did you mean '\(number.text)\($0)'?" } ?? orElse
  }
}

/// An unsigned decimal number as it was written, so that `0.1` stays a tenth until its unit is
/// known.
private struct Decimal {
  let text: String
  /// The number without its point.
  private let digits: Int
  /// How many of the digits stand behind the point.
  private let decimals: Int

  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
      text.utf8.count <= 30, let digits = Int(parts.joined())
    else { return nil }
    self.text = text
    self.digits = digits
    self.decimals = parts.count == 2 ? parts[1].count : 0
  }

  /// The number times `unit`; nil when that is no whole number.
  func scaled(by unit: Int) -> Int128? {
    let product = Int128(digits) * Int128(unit)
    let divisor = (0..<decimals).reduce(Int128(1)) { divisor, _ in divisor * 10 }
    return product % divisor == 0 ? product / divisor : nil
  }

  /// The nearest double to the number times 10 to the power of `exponent`; nil when that is not
  /// finite.
  func double(exponent: Int) -> Double? {
    Double("\(text)e\(exponent)").flatMap { $0.isFinite ? $0 : nil }
  }
}
