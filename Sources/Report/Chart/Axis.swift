import Glibc
import Recording

/// One direction of a chart: which values it spans and where its round ticks are.
struct Axis {
  struct Tick {
    var value: Double
    var label: String
  }

  enum Scale: String {
    case linear, logarithmic
  }

  /// What the values are. `report.js` needs it to write values that lie between the ticks.
  enum Unit: String {
    /// Seconds since the run started.
    case instant
    /// Seconds that something took.
    case duration
    case bytes, count, rate
    /// 1 / (1 - share) of a share of all measured values: 100 stands for 99%.
    case tail
    /// The place of a run among several. `report.js` writes nothing for it.
    case run

    /// A value in words, for the chart's description.
    func text(_ value: Double) -> String {
      switch self {
      case .instant, .duration: Format.duration(seconds: value)
      case .bytes: Format.bytes(value)
      case .count: value.magnitude < 1 ? Format.short(value, 6) : Format.compact(value)
      case .rate: Format.rate(value)
      case .tail: Format.short(100 - 100 / max(1, value), 4) + "%"
      case .run: Format.compact(value)
      }
    }
  }

  let domain: ClosedRange<Double>
  let scale: Scale
  let unit: Unit
  let ticks: [Tick]

  /// Where a value lies on the axis, from 0 to 1; a value outside the domain lies at the edge.
  func position(_ value: Double) -> Double {
    let position: Double
    switch scale {
    case .linear:
      position = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    case .logarithmic:
      let low = log10(domain.lowerBound)
      position =
        (log10(max(value, domain.lowerBound)) - low)
        / (log10(domain.upperBound) - low)
    }
    return min(1, max(0, position))
  }

  /// The value at a position from 0 to 1.
  func value(at position: Double) -> Double {
    let (low, high) = (domain.lowerBound, domain.upperBound)
    return switch scale {
    case .linear: low + (high - low) * position
    case .logarithmic: low * pow(high / low, position)
    }
  }
}

extension Axis {
  /// Instants of a run, from its start.
  static func time(upTo end: Double) -> Axis {
    let end = max(end, 0.001)
    let steps = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200,
    ]
    .map(Double.init)
    let step =
      end < 6
      ? roundStep(end / 6) : steps.first { end / $0 <= 7 } ?? (end / 7 / 86400).rounded(.up) * 86400
    return linear(.instant, 0...end, step: step) { timeLabel($0, step: step) }
  }

  /// Counts from 0, with room above the highest. With a suffix the values are rates: "/s".
  static func counts(upTo highest: Double, suffix: String = "") -> Axis {
    let top = max(highest, 1) * 1.08
    var step = roundStep(top / 5)
    // There is no half connection.
    while suffix.isEmpty, step < 1 || step != step.rounded() { step = roundStep(step * 1.5) }
    return linear(suffix.isEmpty ? .count : .rate, 0...top, step: step) {
      Format.compact($0) + suffix
    }
  }

  /// Bytes, in binary steps. The axis always has 0, so a value that hardly changes looks flat.
  static func bytes(from lowest: Double = 0, upTo highest: Double) -> Axis {
    let top = max(highest * 1.08, 1)
    let bottom = min(lowest, 0)
    var step = 1.0
    while (top - bottom) / step > 7 { step *= 2 }
    return linear(.bytes, bottom...top, step: step) { Format.bytes($0) }
  }

  /// Seconds from 0, linear: for values that differ little, such as one percentile from run to run.
  static func durations(upTo highest: Double) -> Axis {
    let top = max(highest * 1.08, 1e-9)
    return linear(.duration, 0...top, step: roundStep(top / 4)) { Format.duration(seconds: $0) }
  }

  /// One place per run, at most `mostNamed` of them with a name; the oldest run is on the left.
  static func runs(_ names: [String], mostNamed: Int = 4) -> Axis {
    let count = max(1, names.count)
    let every = max(1, (names.count + mostNamed - 1) / mostNamed)
    // Counted from the right, so that the newest has its name.
    let ticks = names.enumerated().filter { (names.count - 1 - $0.offset) % every == 0 }
      .map { Tick(value: Double($0.offset) + 0.5, label: $0.element) }
    return Axis(domain: 0...Double(count), scale: .linear, unit: .run, ticks: ticks)
  }

  /// The same axis with its first and last tick only, for small charts.
  var sparse: Axis {
    let ends = ticks.count > 2 ? [ticks[0], ticks[ticks.count - 1]] : ticks
    return Axis(domain: domain, scale: scale, unit: unit, ticks: ends)
  }

  /// Plain values of any unit. The axis always has 0.
  static func values(from lowest: Double, upTo highest: Double) -> Axis {
    let bottom = min(0, lowest)
    let top = highest > bottom ? highest + (highest - bottom) * 0.08 : bottom + 1
    return linear(.count, bottom...top, step: roundStep((top - bottom) / 4), label: Format.compact)
  }

  /// Seconds by powers of ten: latencies differ by orders of magnitude.
  static func latency(_ range: ClosedRange<Double>) -> Axis {
    var low = 1e-9
    while low * 10 <= range.lowerBound * 1.000_001 { low *= 10 }
    var high = low * 10
    while high < range.upperBound * 0.999_999 { high *= 10 }
    var ticks: [Tick] = []
    var value = low
    while value <= high * 1.001 {
      ticks.append(Tick(value: value, label: Format.duration(seconds: value)))
      value *= 10
    }
    return Axis(domain: low...high, scale: .logarithmic, unit: .duration, ticks: ticks)
  }

  /// Shares of a population with the tail drawn out: 90%, 99% and 99.9% are equally far apart.
  /// Values are 1 / (1 - share), so 99% is at 100.
  static func percentiles(upTo nines: Int) -> Axis {
    var ticks = [Tick(value: 1, label: "0%")]
    var value = 10.0
    for _ in 0..<nines {
      ticks.append(Tick(value: value, label: Format.short(100 - 100 / value, 6) + "%"))
      value *= 10
    }
    return Axis(domain: 1...value / 10, scale: .logarithmic, unit: .tail, ticks: ticks)
  }

  private static func linear(
    _ unit: Unit, _ domain: ClosedRange<Double>, step: Double, label: (Double) -> String
  ) -> Axis {
    let first = (domain.lowerBound / step).rounded(.up)
    let last = (domain.upperBound / step + 1e-9).rounded(.down)
    // Values beyond all measure, large or small, lead to a step of 0 or to countless ticks. Then
    // the axis has none.
    let isCountable = max(abs(first), abs(last)) < 1000
    let ticks = isCountable ? Array(Int(first)...Int(max(first, last))) : []
    return Axis(
      domain: domain, scale: .linear, unit: unit,
      ticks: ticks.map { Tick(value: Double($0) * step, label: label(Double($0) * step)) })
  }

  private static func timeLabel(_ seconds: Double, step: Double) -> String {
    if seconds == 0 { return "0" }
    if step < 60 { return Format.short(seconds, 3) + " s" }
    if step < 3600 { return Format.short(seconds / 60, 1) + " min" }
    return Format.short(seconds / 3600, 1) + " h"
  }
}

/// The least of 1, 2, 2.5 and 5 times a power of ten that is not below `rough`.
private func roundStep(_ rough: Double) -> Double {
  guard rough > 0, rough.isFinite else { return 1 }
  var power = 1.0
  while power * 10 <= rough { power *= 10 }
  while power > rough { power /= 10 }
  return [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999_999 } ?? power * 10
}
