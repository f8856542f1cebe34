extension FixedWidthInteger {
  /// Reads a number that is decimal digits alone. Nil for any other text, such as one with a sign or an
  /// empty one, and for a number that does not fit.
  package init?(digits text: some StringProtocol) {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    self.init(text)
  }
}
