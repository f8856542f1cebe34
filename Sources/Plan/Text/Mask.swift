/// What stands in place of a value that may be a secret (`Plan.undeclared`).
package enum Mask {
  /// "<TOKEN>": names the variable instead of its value.
  package static func text(for name: String) -> String { "<\(name)>" }

  /// `text` with a mask for each of these values, and for each part of one that a cut has left. A value of fewer than
  /// six characters may be part of any text by chance, so it is masked only where it stands in quotes.
  ///
  /// - Parameter values: the values, by the names of their variables.
  package static func hide(_ values: [String: String], in text: String) -> String {
    guard !values.isEmpty else { return text }
    var text = text
    let ordered = values.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    for (name, value) in ordered where !value.isEmpty {
      text.replace(quoted(value), with: quoted(Self.text(for: name)))
    }
    // What a peer said is shorter, so nothing of a longer text was cut where it was kept.
    guard text.utf8.count <= MaskedText.longest else {
      for (name, value) in ordered where value.count >= MaskedText.shortest {
        for form in Set([value, visible(value)]) {
          text.replace(form, with: Self.text(for: name))
        }
      }
      return text
    }
    var masked = MaskedText(Array(text.utf8), .quoted)
    for (number, entry) in ordered.enumerated() where entry.value.count >= MaskedText.shortest {
      var value = entry.value
      value.withUTF8 { unsafe masked.look(for: UnsafeRawBufferPointer($0), number) }
    }
    return String(decoding: masked.masked { Self.text(for: ordered[$0].key) }, as: UTF8.self)
  }
}
