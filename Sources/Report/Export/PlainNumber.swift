extension Double {
  /// A short text that reads back as this value. Whole numbers below 2^63 have all their digits, and no ".0".
  var plain: String { Int(exactly: self).map(String.init) ?? String(self) }
}
