/// What stands in place of a value that the environment gave.
package enum Mask {
  /// Shorter values may be found in anything, by chance.
  private static let shortest = 6

  /// "<TOKEN>": no value, and it tells which one is not here.
  package static func text(for name: String) -> String { "<\(name)>" }

  /// A text without these values.
  ///
  /// - Parameter values: by the names of their variables.
  package static func hide(_ values: [String: String], in text: String) -> String {
    var text = text
    for (name, value) in values.sorted(by: { $0.value.count > $1.value.count }) where !value.isEmpty
    {
      text.replace(quoted(value), with: quoted(Self.text(for: name)))
      if value.count >= shortest { text.replace(value, with: Self.text(for: name)) }
    }
    return text
  }
}
