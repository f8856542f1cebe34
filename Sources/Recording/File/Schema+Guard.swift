import GRDB

extension Schema {
  /// Throws `Malformed` for a view, a virtual table or a generated column. SQLite would compute its values as the file
  /// says, however long that takes. A recording has only the view `reading`. It is for people, and this program never
  /// reads it.
  static func refuseComputed(in database: Database) throws {
    let computed = try String.fetchOne(
      database,
      sql: """
        SELECT name FROM sqlite_schema AS entry WHERE type = 'view' AND name <> 'reading'
          OR type = 'table' AND rootpage = 0
          OR type = 'table' AND EXISTS (
            SELECT 1 FROM pragma_table_xinfo(entry.name) WHERE hidden <> 0)
        """)
    guard let computed else { return }
    throw Malformed(reason: "\(oneLine(computed)) is computed, and a recording computes nothing")
  }
}
