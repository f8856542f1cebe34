/// Integers from figures that are computed from a recording's numbers. `refuseImpossible` has checked each number.
/// But in a damaged recording, or a stranger's, a figure made of several may exceed every integer.
extension FixedWidthInteger {
  /// The value rounded towards zero, or the nearest bound of the type; 0 for NaN.
  package init(saturating value: Double) {
    if let exact = Self(exactly: value.rounded(.towardZero)) {
      self = exact
    } else {
      self = value.isNaN ? 0 : value < 0 ? .min : .max
    }
  }
}
