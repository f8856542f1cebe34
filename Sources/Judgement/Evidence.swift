import Plan
import Recording

/// How far a figure of one run can be trusted: between which values it might as well have come out,
/// had the same run been made again. docs/compare.md tells users how each is found.
enum Evidence: Equatable {
  /// The figure is a plain count: it has no error.
  case exact
  case range(ClosedRange<Double>)
  /// There is so little of it that chance alone may have made it.
  case tooFew
  /// One outlier makes it, whatever the number: it is shown and never judged.
  case never

  static func about(_ value: Double, _ distance: Double) -> Evidence {
    .range(value - distance...value + distance)
  }

  /// As wide as needed to hold this value as well.
  func including(_ value: Double) -> Evidence {
    guard case .range(let range) = self else { return self }
    return .range(min(range.lowerBound, value)...max(range.upperBound, value))
  }

  /// How far from a figure it might have come out, on one side of it.
  private func reach(from value: Double, upwards: Bool) -> Double? {
    switch self {
    case .exact: 0
    case .range(let range):
      max(0, upwards ? range.upperBound - value : value - range.lowerBound)
    case .tooFew, .never: nil
    }
  }

  /// How far apart two figures may be by chance, as a share of the first: until then their ranges
  /// touch. Nil where either says nothing, or both are exact.
  static func noise(
    base: (value: Double, evidence: Evidence), new: (value: Double, evidence: Evidence)
  ) -> Double? {
    let rose = new.value > base.value
    guard base.value != 0, base.evidence != .exact || new.evidence != .exact,
      let before = base.evidence.reach(from: base.value, upwards: rose),
      let after = new.evidence.reach(from: new.value, upwards: !rose)
    else { return nil }
    return (before + after) / abs(base.value)
  }
}
