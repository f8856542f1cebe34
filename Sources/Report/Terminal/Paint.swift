/// Colour for a terminal, or none.
package struct Paint: Sendable {
  private let colour: Bool

  package init(_ colour: Bool) { self.colour = colour }

  package func bold(_ text: String) -> String { painted(text, "1") }
  package func dim(_ text: String) -> String { painted(text, "2") }
  package func red(_ text: String) -> String { painted(text, "1;31") }
  package func green(_ text: String) -> String { painted(text, "1;32") }
  package func yellow(_ text: String) -> String { painted(text, "33") }
  package func cyan(_ text: String) -> String { painted(text, "36") }

  private func painted(_ text: String, _ code: String) -> String {
    colour && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
