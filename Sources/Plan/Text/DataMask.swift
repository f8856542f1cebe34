package import Messages

/// Takes the values of a plan's `data` out of what peers say, as values are often secrets and recordings keep none.
package struct DataMask: Sendable {
  private let columns: [DataColumn]

  package init(_ columns: [DataColumn]) {
    self.columns = columns
  }

  /// What a peer said, with `{users.token}` in place of each value of that column, and of each part of one that a cut
  /// has left.
  package func masked(_ said: [UInt8]) -> [UInt8] { masked(said, .alone) }

  /// As `masked`, for words on one line that quote what a peer said.
  package func masked(_ words: String) -> String {
    String(decoding: masked(Array(words.utf8), .quoted), as: UTF8.self)
  }

  private func masked(_ text: [UInt8], _ place: MaskedText.Place) -> [UInt8] {
    guard !columns.isEmpty else { return text }
    var masked = MaskedText(text, place)
    for (number, column) in columns.enumerated() {
      for row in 0..<column.values.rows {
        unsafe masked.look(for: column.values.value(of: UInt64(row)), number)
      }
    }
    return masked.masked { "{\(columns[$0].name)}" }
  }
}
