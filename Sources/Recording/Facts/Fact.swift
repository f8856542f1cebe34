/// A named value in words: a line of a host description, a line of a limit's evidence, or a value that was given
/// to the plan.
package struct Fact: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [Fact] {
  /// Leaves out the names that have no value.
  package init(known facts: KeyValuePairs<String, String?>) {
    self = facts.compactMap { name, value in value.map { Fact(name, $0) } }
  }
}
