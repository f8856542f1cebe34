import Plan
import Recording

/// How far a figure of one run can be trusted: in which range it might as well have come out, had the same run
/// been made again. docs/compare.md tells users how the range of each metric is found.
enum Evidence: Equatable {
  /// The figure is a plain count: it has no error.
  case exact
  /// The figure might as well have come out anywhere in this range, in the metric's own unit.
  case range(ClosedRange<Double>)
  /// The figure rests on so little data that chance alone may have made it.
  case tooFew
  /// The figure is shown and never judged: one outlier makes a maximum of any number of values.
  case never

  static func about(_ value: Double, _ distance: Double) -> Evidence {
    .range(value - distance...value + distance)
  }

  /// The range, widened so that it contains this value; evidence without a range as it is.
  func including(_ value: Double) -> Evidence {
    guard case .range(let range) = self else { return self }
    return .range(min(range.lowerBound, value)...max(range.upperBound, value))
  }

  /// How far above or below its value the figure might have come out; nil where nobody can say.
  private func reach(from value: Double, upwards: Bool) -> Double? {
    switch self {
    case .exact: 0
    case .range(let range):
      max(0, upwards ? range.upperBound - value : value - range.lowerBound)
    case .tooFew, .never: nil
    }
  }

  /// How far apart two figures may be by chance: the largest distance at which their ranges still touch. Nil
  /// where the evidence of either has no range, where both are exact, and where the base is an exact zero.
  static func noise(
    base: (value: Double, evidence: Evidence), new: (value: Double, evidence: Evidence)
  ) -> Double? {
    let rose = new.value > base.value
    guard base.evidence != .exact || base.value != 0 && new.evidence != .exact,
      let before = base.evidence.reach(from: base.value, upwards: rose),
      let after = new.evidence.reach(from: new.value, upwards: !rose)
    else { return nil }
    return before + after
  }
}
