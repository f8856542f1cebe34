/// Something that the program said of a run and that is not so.
package struct Finding: Sendable, CustomStringConvertible {
  /// Which check found it.
  package let check: String
  package let text: String

  package var description: String { "\(check): \(text)" }
}
