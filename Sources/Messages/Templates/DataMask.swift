/// Takes the values of a plan's `data` out of what peers say, as values are often secrets and recordings keep none.
///
/// The text is indexed, and each value is looked up in it once. So a text costs as much as the files have rows, and no
/// more where it is long.
package struct DataMask: Sendable {
  /// The shortest value that is taken out, in bytes: shorter ones stand in many words by chance.
  package static let shortest = 6

  private let columns: [DataColumn]
  /// How a value may stand in the text, besides as it is.
  private let escape: (@Sendable ([UInt8]) -> [UInt8])?

  /// - Parameter escape: how the text that is masked has escaped what was said in it; nil where it has not.
  package init(_ columns: [DataColumn], escape: (@Sendable ([UInt8]) -> [UInt8])? = nil) {
    self.columns = columns
    self.escape = escape
  }

  /// The text with `{users.token}` in place of each value of that column. Of values that overlap, the first one is
  /// taken out, and of those that begin at the same place the longest one. At the text's end the beginning of a value is
  /// taken out as well, as a text may be cut.
  package func masked(_ text: [UInt8]) -> [UInt8] {
    guard !columns.isEmpty, text.count >= Self.shortest else { return text }
    var places: [UInt64: [Int]] = [:]
    for place in 0...(text.count - Self.shortest) {
      places[Self.key(text[place..<place + Self.shortest]), default: []].append(place)
    }
    var found: [Int: (count: Int, column: Int)] = [:]
    func look(for value: [UInt8], _ column: Int) {
      for place in places[Self.key(value[..<Self.shortest])] ?? [] {
        let count = min(value.count, text.count - place)
        guard value[..<count] == text[place..<place + count], count > found[place]?.count ?? 0
        else { continue }
        found[place] = (count, column)
      }
    }
    for (column, values) in columns.enumerated() {
      for row in 0..<values.values.rows {
        let value = unsafe values.values.value(of: UInt64(row))
        guard value.count >= Self.shortest else { continue }
        if unsafe places[Self.key(value.prefix(Self.shortest))] != nil {
          unsafe look(for: Array(value), column)
        }
        guard let escape, unsafe value.contains(where: Self.mayBeEscaped) else { continue }
        unsafe look(for: escape(Array(value)), column)
      }
    }
    var masked: [UInt8] = []
    var place = 0
    while place < text.count {
      if let (count, column) = found[place] {
        masked += Array("{\(columns[column].name)}".utf8)
        place += count
      } else {
        masked.append(text[place])
        place += 1
      }
    }
    return masked
  }

  package func masked(_ text: String) -> String {
    String(decoding: masked(Array(text.utf8)), as: UTF8.self)
  }

  /// The first bytes of a value as a number.
  private static func key(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func mayBeEscaped(_ byte: UInt8) -> Bool {
    !(0x20..<0x7F).contains(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
