/// A named value in words, for people: a line of a host description or of a limit's evidence.
package struct Fact: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [Fact] {
  /// The facts that have a value; the others are left out.
  package init(known facts: KeyValuePairs<String, String?>) {
    self = facts.compactMap { name, value in value.map { Fact(name, $0) } }
  }
}
