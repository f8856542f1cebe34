/// Numbers of a recording as integers. Each number is one that a run can come to
/// (`refuseImpossible`), but in a damaged recording, or a stranger's, figures made of several may
/// exceed an integer.
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
