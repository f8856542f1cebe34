/// What stands in place of a value that may be a secret (`Plan.undeclared`).
package enum Mask {
  /// A value of fewer characters may be part of any text by chance, so it is masked only where it
  /// stands in quotes.
  private static let shortest = 6

  /// "<TOKEN>": names the variable instead of its value.
  package static func text(for name: String) -> String { "<\(name)>" }

  /// `text` with a mask for each of these values.
  ///
  /// - Parameter values: the values, by the names of their variables.
  package static func hide(_ values: [String: String], in text: String) -> String {
    var text = text
    for (name, value) in values.sorted(by: { $0.value.count > $1.value.count }) where !value.isEmpty
    {
      text.replace(quoted(value), with: quoted(Self.text(for: name)))
      // Within a longer text that is quoted, some characters of the value stand as escapes.
      for form in Set([value, visible(value)]) {
        if value.count >= shortest { text.replace(form, with: Self.text(for: name)) }
        text = hideBeginning(of: form, named: name, in: text)
      }
    }
    return text
  }

  /// Masks the beginning of a value where `quoted` has cut off the rest of it.
  private static func hideBeginning(
    of value: String, named name: String, in text: String
  ) -> String {
    var shown = ""
    var rest = text[...]
    while let cut = rest.firstRange(of: cutMark) {
      let before = rest[..<cut.lowerBound]
      let length = (shortest..<max(shortest, value.count)).last {
        before.hasSuffix(value.prefix($0))
      }
      shown += length.map { before.dropLast($0) + Self.text(for: name) } ?? before
      shown += cutMark
      rest = rest[cut.upperBound...]
    }
    return shown + rest
  }
}
