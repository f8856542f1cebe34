import GRDB

/// An element of a list that the recording keeps as a table, one row per element. The row's key `position` is the
/// element's place in the list, from 0.
protocol Listed: Equatable {
  static var table: String { get }
  static var columns: [String] { get }
  /// In the order of `columns`.
  var values: [(any DatabaseValueConvertible)?] { get }
  init(row: Row) throws
}

/// Thrown where a recording has something that no version of this program writes.
struct Malformed: Error {
  /// The end of a sentence: "its seed is no number".
  var reason: String
}

extension Listed {
  static func all(in database: Database) throws -> [Self] {
    var records: [Self] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM \(table) ORDER BY position")
    while let row = try rows.next() { records.append(try Self(row: row)) }
    return records
  }
}

/// The elements that a list's table holds now. They are kept so that only rows that change are written again.
struct StoredList<Record: Listed> {
  private var records: [Record] = []

  private static var upsert: String {
    let columns = ["position"] + Record.columns.map { "\"\($0)\"" }
    return """
      INSERT OR REPLACE INTO \(Record.table) (\(columns.joined(separator: ", "))) \
      VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
      """
  }

  /// Makes the table hold these elements and no others.
  mutating func update(to records: [Record], in database: Database) throws {
    for (position, record) in records.enumerated()
    where position >= self.records.count || self.records[position] != record {
      try database.cachedStatement(sql: Self.upsert)
        .execute(arguments: StatementArguments([position] + record.values))
    }
    if records.count < self.records.count {
      try database.execute(
        sql: "DELETE FROM \(Record.table) WHERE position >= ?", arguments: [records.count])
    }
    self.records = records
  }
}

extension Row {
  /// Decodes a column as the type that the caller asks for; throws where the value has another type, or where the
  /// column is missing.
  func get<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ column: String
  ) throws -> Value {
    try decode(Value.self, forColumn: column)
  }

  /// As `get`, but nil where the table has no such column, as in a recording of an earlier format.
  func ifThere<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ column: String
  ) throws -> Value? {
    hasColumn(column) ? try get(column) : nil
  }

  /// A case of an enumeration, by its raw value; throws where no case has the column's value.
  func choice<Choice: RawRepresentable<String>>(_ column: String) throws -> Choice {
    let text: String = try get(column)
    guard let choice = Choice(rawValue: text) else {
      throw Malformed(reason: "\(column) cannot be '\(shown(text.prefix(40)))'")
    }
    return choice
  }

  /// The resource of a limit or of a prediction's term; `unclassified` for one that only a newer program knows.
  func resource() throws -> Resource {
    let text: String = try get("resource")
    return Resource(rawValue: text) ?? .unclassified
  }

  /// The errno of a failure or a limit; nil where there is none.
  func errno() throws -> ErrnoRecord? {
    guard let number: Int = try get("errno") else { return nil }
    return ErrnoRecord(
      number: number, name: try get("errno_name"), text: try get("errno_text"))
  }
}
