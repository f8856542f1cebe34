import Foundation
import GRDB
import Testing

@testable import Recording

/// What docs/recording.md tells users to type works.
@Suite struct DocumentedQueriesTests {
  private static let page =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/recording.md").standardized

  private static func queries() throws -> [String] {
    try String(contentsOf: page, encoding: .utf8)
      .components(separatedBy: "```sql\n").dropFirst()
      .map { $0.components(separatedBy: "```")[0] }
  }

  private func recording<Result>(_ body: (Database) throws -> Result) throws -> Result {
    let directory = try TemporaryDirectory()
    let path = directory.file("run.recording")
    try Recording.full.write(to: path)
    return try DatabaseQueue(path: path).read(body)
  }

  @Test func `every documented query has an answer`() throws {
    let queries = try Self.queries()
    #expect(queries.count == 5)
    for query in queries {
      let rows = try recording { try Row.fetchAll($0, sql: query) }
      #expect(!rows.isEmpty, "\(query)")
    }
  }

  private static let sqlite = "/usr/bin/sqlite3"

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: sqlite), "sqlite3 is not installed"),
    arguments: 0..<5)
  func `sqlite3 answers it from a real recording`(index: Int) throws {
    let recording = Self.page.deletingLastPathComponent()
      .appendingPathComponent("../Tests/RecordingTests/Versions/1.1.recording").standardized
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.sqlite)
    process.arguments = ["-readonly", "-json", recording.path, try Self.queries()[index]]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(String(decoding: complaint, as: UTF8.self).isEmpty)
    // The run reached its goal, so no limit stopped it.
    if index == 0 {
      #expect(answer.isEmpty)
    } else {
      let rows = try JSONSerialization.jsonObject(with: answer) as? [[String: Any]]
      #expect((rows?.count ?? 0) > 0)
      #expect(rows?.allSatisfy { $0.values.contains { !($0 is NSNull) } } == true)
    }
  }

  @Test func `every table and every column is documented`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let columns = try recording { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT tables.name AS "table", columns.name AS "column" FROM sqlite_schema AS tables, \
          pragma_table_info(tables.name) AS columns WHERE tables.type IN ('table', 'view')
          """)
    }
    #expect(columns.count > 100)
    for row in columns {
      let (table, column): (String, String) = (row["table"], row["column"])
      #expect(page.contains("| `\(table)` |"))
      let spellings = ["`\(column)`", "`\(column)?`", "`\"\(column)\"`"]
      #expect(spellings.contains { page.contains($0) }, "\(table).\(column)")
    }
  }

  @Test func `its marks are those of the file`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let (application, version) = try recording { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      )
    }
    #expect(page.contains("| `PRAGMA application_id` | \(application),"))
    #expect(page.contains("\(version) is \(RecordingVersion.current)"))
  }
}
