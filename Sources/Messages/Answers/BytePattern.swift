/// A POSIX extended regular expression (regex(7)) over bytes, in which `\d`, `\n` and the like may stand as well
/// (`Expression`).
package struct BytePattern: Sendable, Equatable {
  /// As the user wrote it.
  package let text: String
  package let search: ByteSearch

  /// What is wrong with an expression.
  package struct Invalid: Error {
    package let reason: String
    /// What to write instead, where that is known.
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
