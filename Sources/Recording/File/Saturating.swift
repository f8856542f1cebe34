/// Numbers of a recording as integers. A damaged recording, or a stranger's, may hold any number
/// that a run can come to, and what is made of several of them lies beyond these.
extension FixedWidthInteger {
  /// The nearest integer, towards zero, that there is; 0 for what is no number.
  package init(saturating value: Double) {
    if let exact = Self(exactly: value.rounded(.towardZero)) {
      self = exact
    } else {
      self = value.isNaN ? 0 : value < 0 ? .min : .max
    }
  }
}
