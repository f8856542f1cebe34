package import WorkerLog

/// The number by which a protocol names a refusal, as a recording keeps it: a fact of the limit's evidence, in
/// words such as `HTTP 503` and `TLS handshake_failure (40)`.
package struct SaidCode: Sendable, Hashable {
  package var table: RefusalCode.Table
  package var number: Int
  /// The table's name for the number, on which the protocol's users search the web; nil where it is known by its
  /// number.
  package var name: String?
  /// Whether the client has said it, to a server that it does not trust or understand; else the server has.
  package var isSent: Bool

  package init(_ table: RefusalCode.Table, _ number: Int, name: String? = nil, isSent: Bool = false)
  {
    self.table = table
    self.number = number
    self.name = name
    self.isSent = isSent
  }

  /// Without the number where there is a name: `HTTP 503`, `TLS handshake_failure`, `TLS unknown_ca, sent`.
  package var shortWords: String { "\(words)\(isSent ? ", sent" : "")" }

  private var words: String { "\(table.name) \(name ?? String(number))" }

  private static let sentWords = ", sent by the client"

  /// The protocol as plans name it: `http`.
  package var protocolName: String { table.name.lowercased() }

  /// Reads what `description` says. Nil for anything else.
  package init?(_ text: String) {
    let isSent = text.hasSuffix(Self.sentWords)
    let said = isSent ? text.dropLast(Self.sentWords.count) : Substring(text)
    guard let (first, rest) = Self.cut(said, at: " "),
      let table = RefusalCode.Table.allCases.first(where: { $0.name == first })
    else { return nil }
    if let number = Int(rest) {
      self.init(table, number, isSent: isSent)
    } else if let (name, end) = Self.cut(rest, at: " ("), end.hasSuffix(")"),
      let number = Int(end.dropLast())
    {
      self.init(table, number, name: String(name), isSent: isSent)
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
  package var description: String {
    words + (name == nil ? "" : " (\(number))") + (isSent ? Self.sentWords : "")
  }
}
