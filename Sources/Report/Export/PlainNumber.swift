extension Double {
  /// The shortest text that reads back as this value; whole numbers have no ".0".
  var plain: String { Int(exactly: self).map(String.init) ?? String(self) }
}
