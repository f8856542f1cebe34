import Judgement
import Plan

/// The input is a value with its unit, read as each kind of value.
func unitsFinding(in bytes: [UInt8]) -> String? {
  let text = String(decoding: bytes, as: UTF8.self)
  return wrongValue("count", { () throws(Problem) in Double(try Units.count(text)) }) { value in
    value > Double(Units.mostCount) || value != expectedValue(text, ["": 1, "k": 1e3, "M": 1e6])
  } ?? wrongValue(
    "duration", { () throws(Problem) in try Units.duration(text) / .seconds(1) }
  ) { value in
    let units = ["us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600]
    return value > Units.longest / .seconds(1) || !isNear(value, expectedValue(text, units))
  } ?? wrongValue("rate", { () throws(Problem) in try Units.rate(text) }) { value in
    let units = ["": 1, "k": 1e3, "M": 1e6].flatMap { unit, scale in
      [("\(unit)/s", scale), ("\(unit)/m", scale / 60)]
    }
    return value > Units.highestRate
      || !isNear(value, expectedValue(text, Dictionary(uniqueKeysWithValues: units)))
  } ?? wrongValue("share", { () throws(Problem) in try Units.share(text) }) { value in
    value > 1 || !isNear(value, expectedValue(text, ["%": 0.01]))
  } ?? wrongValue("size", { () throws(Problem) in Double(try Units.size(text)) }) { value in
    let units = ["B": 1, "kB": 1e3, "KiB": 1024, "MB": 1e6, "MiB": 1_048_576]
    return !isNear(value, expectedValue(text, units))
  } ?? toleranceFinding(text)
}

/// What is wrong with the value that was read, or with the error for which it was refused; nil when nothing
/// is.
private func wrongValue(
  _ kind: String, _ read: () throws(Problem) -> Double, isWrong: (Double) -> Bool
) -> String? {
  do {
    let value = try read()
    let isValue = value.isFinite && value >= 0
    return !isValue || isWrong(value) ? "reads as the \(kind) \(value)" : nil
  } catch {
    return flaw(of: error).map { "\(kind): \($0)" }
  }
}

private func toleranceFinding(_ text: String) -> String? {
  do {
    let (_, share) = try CommandLineValue.tolerance(text)
    return (0...1).contains(share) ? nil : "reads as the tolerance \(share)"
  } catch {
    return "\(error)".drivesTerminal ? "the error drives a terminal: \(error)" : nil
  }
}

/// What is wrong with the error for which a value is refused; nil when nothing is.
func flaw(of problem: Problem) -> String? {
  if problem.message.isEmpty { return "refused without a reason" }
  if problem.message.drivesTerminal { return "drives a terminal: \(problem.message)" }
  if let hint = problem.hint, hint.drivesTerminal { return "drives a terminal: \(hint)" }
  return nil
}

/// The value of a text, computed without the product's code; NaN for a text that is not a number and one of
/// these units.
private func expectedValue(_ text: String, _ units: [String: Double]) -> Double {
  let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let unit = text.dropFirst(number.count).drop { $0 == " " }
  guard let value = Double(number), let scale = units[String(unit)] else { return .nan }
  return value * scale
}

private func isNear(_ value: Double, _ wanted: Double) -> Bool {
  abs(value - wanted) <= abs(wanted) * 1e-9
}
