package import WorkerLog

/// The number by which a protocol names a refusal, as a recording keeps it: a fact of the limit's evidence, in
/// words such as `HTTP 503` and `TLS handshake_failure (40)`.
package struct SaidCode: Sendable, Hashable {
  package var table: RefusalCode.Table
  package var number: Int
  /// The table's name for the number, on which the protocol's users search the web; nil where it is known by its
  /// number.
  package var name: String?

  package init(_ table: RefusalCode.Table, _ number: Int, name: String? = nil) {
    self.table = table
    self.number = number
    self.name = name
  }

  /// Without the number where there is a name: `HTTP 503`, `TLS handshake_failure`.
  package var shortWords: String { "\(table.name) \(name ?? String(number))" }

  /// The protocol as plans name it: `http`.
  package var protocolName: String { table.name.lowercased() }

  /// Reads what `description` says. Nil for anything else.
  package init?(_ text: String) {
    guard let (first, rest) = Self.cut(text, at: " "),
      let table = RefusalCode.Table.allCases.first(where: { $0.name == first })
    else { return nil }
    if let number = Int(rest) {
      self.init(table, number)
    } else if let (name, end) = Self.cut(rest, at: " ("), end.hasSuffix(")"),
      let number = Int(end.dropLast())
    {
      self.init(table, number, name: String(name))
    } else {
      return nil
    }
  }

  private static func cut(
    _ text: some StringProtocol, at mark: String
  ) -> (Substring, Substring)? {
    let text = Substring(text)
    return text.firstRange(of: mark).map { (text[..<$0.lowerBound], text[$0.upperBound...]) }
  }
}

extension SaidCode: CustomStringConvertible {
  package var description: String { name.map { "\(table.name) \($0) (\(number))" } ?? shortWords }
}
