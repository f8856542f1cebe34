/// A regular expression over bytes: POSIX's extended ones (regex(7)), and `\d`, `\w`, `\s`.
package struct BytePattern: Sendable, Equatable {
  /// As the user wrote it.
  package let text: String
  package let search: ByteSearch

  /// What is wrong with an expression.
  package struct Invalid: Error {
    package let reason: String
    /// The way out, where there is one.
    package var hint: String?

    init(reason: String, hint: String? = nil) {
      self.reason = reason
      self.hint = hint
    }
  }

  package init(_ text: String) throws(Invalid) {
    self.text = text
    search = ByteSearch(try ByteMachine(try Expression(text)))
  }

  package static func == (left: BytePattern, right: BytePattern) -> Bool {
    left.text == right.text
  }
}
