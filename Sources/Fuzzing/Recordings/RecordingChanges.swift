import Foundation
import GRDB

/// Changes to the file of a recording, one per line:
///
/// - `TABLE.COLUMN = VALUE` sets all rows, `TABLE.COLUMN 3 = VALUE` the fourth row alone. A value is a number,
///   a text in quotes without escapes, or `x` and hexadecimal digits for a blob. Anything else is NULL.
/// - `delete TABLE` deletes all rows, `delete TABLE 3` the fourth alone. `copy run 0` adds the first row once
///   more; the keys of all other tables forbid that.
/// - `@OFFSET DIGITS` overwrites bytes from that offset on, with hexadecimal digits.
/// - `cut OFFSET` ends the file at that offset.
///
/// Changes to tables come first, then `@`, then `cut`, whatever the order of the lines. Only the first 64 lines
/// that are not empty count. A line that cannot be carried out changes nothing; a row that is no number means
/// all rows.
struct RecordingChanges {
  private var statements: [(sql: String, value: DatabaseValue?)] = []
  private var patches: [(offset: Int, bytes: [UInt8])] = []
  private var length: Int?

  init(_ text: String) {
    for line in text.split(separator: "\n").prefix(64) {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      guard !words.isEmpty else { continue }
      if let equals = line.firstIndex(of: "=") {
        set(
          line[..<equals].split(separator: " ").map(String.init),
          to: line[line.index(after: equals)...].drop { $0 == " " })
      } else if words[0].hasPrefix("@"), let offset = Int(words[0].dropFirst()), words.count > 1 {
        patches.append((offset, Self.bytes(words[1])))
      } else if words[0] == "cut", words.count > 1 {
        length = Int(words[1])
      } else if ["delete", "copy"].contains(words[0]), words.count > 1 {
        deleteOrCopyRows(words)
      }
    }
  }

  private static func bytes(_ digits: some StringProtocol) -> [UInt8] {
    let digits = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  /// A table's or column's name in quotes; nil for an empty text, and for one with other characters than
  /// lower-case letters and underscores, so that an input cannot bring in SQL of its own.
  private static func name(_ text: some StringProtocol) -> String? {
    let isName = !text.isEmpty && text.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) }
    return isName ? "\"\(text)\"" : nil
  }

  private mutating func set(_ left: [String], to right: Substring) {
    let names = (left.first ?? "").split(separator: ".")
    guard names.count == 2, let table = Self.name(names[0]), let column = Self.name(names[1])
    else { return }
    let condition = Self.condition(forRow: left.dropFirst().first, of: table)
    statements.append(
      ("UPDATE OR IGNORE \(table) SET \(column) = ?\(condition)", Self.value(right)))
  }

  private static func value(_ text: Substring) -> DatabaseValue {
    if text.hasPrefix("\"") { return String(text.dropFirst().prefix { $0 != "\"" }).databaseValue }
    if text.hasPrefix("x") { return Data(bytes(text.dropFirst())).databaseValue }
    if let number = Int64(text) { return number.databaseValue }
    if let number = Double(text) { return number.databaseValue }
    return .null
  }

  /// The `WHERE` clause that chooses one row by its number, from 0; empty without a number, for all rows.
  private static func condition(forRow row: String?, of table: String) -> String {
    guard let row, let number = Int(row) else { return "" }
    // `sample` is a table without `rowid`; this is its key.
    let columns = table == "\"sample\"" ? "at, series" : "rowid"
    let key = "(\(columns))"
    return " WHERE \(key) IN (SELECT \(columns) FROM \(table) LIMIT 1 OFFSET \(max(0, number)))"
  }

  private mutating func deleteOrCopyRows(_ words: [String]) {
    guard let table = Self.name(words[1]) else { return }
    let condition = Self.condition(forRow: words.count > 2 ? words[2] : nil, of: table)
    statements.append(
      words[0] == "delete"
        ? ("DELETE FROM \(table)\(condition)", nil)
        : ("INSERT OR IGNORE INTO \(table) SELECT * FROM \(table)\(condition)", nil))
  }

  /// Writes the file with the changes.
  ///
  /// - Parameter bytes: the file without them.
  func write(_ bytes: [UInt8], to path: String) throws {
    try TemporaryFile.write(bytes, to: path)
    if !statements.isEmpty {
      var configuration = Configuration()
      configuration.foreignKeysEnabled = false
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.write { database in
        for (sql, value) in statements {
          // A statement that fails, as where a constraint forbids it, changes nothing.
          try? database.execute(
            sql: sql, arguments: value.map { StatementArguments([$0]) } ?? StatementArguments())
        }
      }
      try queue.close()
    }
    guard !patches.isEmpty || length != nil else { return }
    var bytes = try TemporaryFile.bytes(of: path)
    for (offset, patch) in patches {
      for (index, byte) in patch.enumerated() where bytes.indices.contains(offset &+ index) {
        bytes[offset &+ index] = byte
      }
    }
    if let length { bytes = Array(bytes.prefix(max(0, length))) }
    try TemporaryFile.write(bytes, to: path)
  }
}
