import Foundation
import GRDB
import Testing

@testable import Recording

@Suite struct RecordingFileTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("run.recording")
  }

  @Test func `reads back all that was written`() throws {
    try Recording.full.write(to: path)
    #expect(try Recording.read(from: path) == Recording.full)
  }

  @Test func `reads back a run of which nothing is known but its name`() throws {
    try Recording(planName: "").write(to: path)
    #expect(try Recording.read(from: path) == Recording(planName: ""))
  }

  @Test func `leaves one self-contained file, and reading leaves nothing beside it`() throws {
    try Recording.full.write(to: path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    _ = try Recording.read(from: path)
    #expect(try directory.contents == ["run.recording"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func `reads a recording that no one may write`() throws {
    try Recording.full.write(to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    #expect(try Recording.read(from: path).planName == "ramp-1m")
  }

  @Test func `overwrites nothing`() throws {
    try Recording.full.write(to: path)
    #expect(throws: RecordingError.exists(path: path)) { try Recording.full.write(to: path) }
  }

  @Test func `says why it cannot write`() throws {
    let path = directory.file("nowhere/run.recording")
    #expect(throws: RecordingError.self) { try Recording.full.write(to: path) }
  }

  @Test func `refuses a file from a newer major version`() throws {
    try patch(60, with: 3003)
    let error = #expect(throws: RecordingError.self) { try Recording.read(from: path) }
    #expect(error == .newer(path: path, version: RecordingVersion(major: 3, minor: 3)))
    #expect(error?.description.contains("format 3.3") == true)
  }

  @Test func `reads a file from a newer minor version`() throws {
    try patch(60, with: 2999)
    #expect(try Recording.read(from: path) == Recording.full)
  }

  @Test func `reads a file of version 1.0, which had no attachments, searches and remarks`() throws
  {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write { database in
      try database.execute(
        sql: """
          DROP TABLE plan_attachment; DROP TABLE search_step; ALTER TABLE phase DROP COLUMN ceiling;
          ALTER TABLE phase DROP COLUMN remark; PRAGMA user_version = 1000
          """)
    }
    var old = Recording.full
    old.attachments = []
    old.searchSteps = []
    for index in old.phases.indices {
      old.phases[index].ceiling = nil
      old.phases[index].remark = ""
    }
    #expect(try Recording.read(from: path) == old)
  }

  @Test func `refuses the database of another program`() throws {
    try patch(68, with: 0)
    #expect(throws: RecordingError.foreign(path: path)) { try Recording.read(from: path) }
  }

  @Test func `tells a missing, an empty and a foreign file apart`() throws {
    #expect(throws: RecordingError.missing(path: path)) { try Recording.read(from: path) }
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(throws: RecordingError.empty(path: path)) { try Recording.read(from: path) }
    try Data("name: ramp".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: RecordingError.foreign(path: path)) { try Recording.read(from: path) }
    let error = #expect(throws: RecordingError.self) {
      try Recording.read(from: directory.path)
    }
    #expect(error.map { "\($0)".contains("cannot be read") } == true)
  }

  @Test func `a run that was killed while it made its file left an empty one`() throws {
    let made = directory.file("made")
    let files = FileManager.default
    try DatabaseQueue(path: made).writeWithoutTransaction { database in
      // With so small a cache the pages go to the file before they are committed.
      try database.execute(
        sql: """
          PRAGMA cache_size = 1; BEGIN; PRAGMA application_id = \(Schema.applicationID);
          PRAGMA user_version = \(RecordingVersion.current.number); \(Schema.sql)
          CREATE TABLE large AS SELECT zeroblob(1000000) AS bytes
          """)
      try files.copyItem(atPath: made, toPath: path)
      try files.copyItem(atPath: made + "-journal", toPath: path + "-journal")
      try database.execute(sql: "ROLLBACK")
    }
    let size = try files.attributesOfItem(atPath: path)[.size] as? Int
    #expect((size ?? 0) > 100_000)
    #expect(throws: RecordingError.empty(path: path)) { try Recording.read(from: path) }
    #expect(try directory.contents == ["made", "run.recording", "run.recording-journal"])
  }

  /// Whoever opens a pipe waits for its writer, for ever.
  @Test(arguments: ["-wal", "-journal"])
  func `a pipe or a link beside a recording is not opened`(suffix: String) throws {
    try Recording.full.write(to: path)
    #expect(mkfifo(path + suffix, 0o600) == 0)
    #expect(throws: RecordingError.corrupt(path: path, reason: "its \(suffix) is no file")) {
      try Recording.read(from: path)
    }
    try FileManager.default.removeItem(atPath: path + suffix)
    try FileManager.default.createSymbolicLink(atPath: path + suffix, withDestinationPath: path)
    #expect(throws: RecordingError.corrupt(path: path, reason: "its \(suffix) is no file")) {
      try Recording.read(from: path)
    }
  }

  @Test func `a pipe is no recording`() {
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: RecordingError.self) { try Recording.read(from: path) }
  }

  /// SQLite deletes the file that a journal names as that of a transaction over several databases.
  @Test func `a journal that names another file is refused, and that file stays`() throws {
    let made = directory.file("made")
    let files = FileManager.default
    try Recording.full.write(to: made)
    try DatabaseQueue(path: made).writeWithoutTransaction { database in
      try database.execute(
        sql: """
          PRAGMA cache_size = 1; BEGIN; CREATE TABLE large AS SELECT zeroblob(1000000) AS bytes
          """)
      try files.copyItem(atPath: made, toPath: path)
      try files.copyItem(atPath: made + "-journal", toPath: path + "-journal")
      try database.execute(sql: "ROLLBACK")
    }
    #expect(try Recording.read(from: path).planName == Recording.full.planName)

    let victim = Array(directory.file("victim").utf8)
    try Data("precious\n".utf8).write(to: URL(fileURLWithPath: directory.file("victim")))
    let journal = URL(fileURLWithPath: path + "-journal")
    var bytes = [UInt8](try Data(contentsOf: journal))
    bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }
    // Of the page that holds SQLite's locks, which no journal has anything else of.
    bytes += number(0x4000_0000 / 4096 + 1) + victim + number(victim.count)
    bytes += number(victim.reduce(0) { $0 + Int($1) })
    bytes += [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]
    try Data(bytes).write(to: journal)
    #expect(
      throws: RecordingError.corrupt(
        path: path, reason: "its journal names another file, and no recording's does")
    ) { try Recording.read(from: path) }
    #expect(files.fileExists(atPath: directory.file("victim")))
  }

  @Test func `a directory is told in the words of the system`() throws {
    #expect(throws: RecordingError.unreadable(path: directory.path, reason: "Is a directory")) {
      try Recording.read(from: directory.path)
    }
  }

  @Test func `every error is one sentence`() {
    let errors: [RecordingError] = [
      .missing(path: "a"), .empty(path: "a"), .foreign(path: "a"),
      .newer(path: "a", version: RecordingVersion(major: 2, minor: 0)),
      .corrupt(path: "a", reason: "b"), .unreadable(path: "a", reason: "b"), .exists(path: "a"),
      .unwritable(path: "a", reason: "b"),
    ]
    for error in errors {
      #expect("\(error)".hasSuffix("."))
      #expect(!"\(error)".contains("\n"))
    }
  }

  @Test func `a resource that only a newer program knows reads as unclassified`() throws {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write {
      try $0.execute(sql: "UPDATE limit_reached SET resource = 'patience' WHERE position = 0")
    }
    #expect(try Recording.read(from: path).limits.map(\.resource) == [.unclassified, .memoryGuard])
  }

  @Test(arguments: [
    "UPDATE phase SET outcome = 'maybe'", "UPDATE run SET seed = 'x'", "DELETE FROM run",
    "DROP TABLE worker", "UPDATE histogram SET buckets = x'80'", "DELETE FROM series",
    "DELETE FROM limit_reached", "ALTER TABLE sample RENAME COLUMN value TO other",
    // Each of these would take for ever, or all memory.
    """
    DROP TABLE failure; CREATE VIEW failure AS
    WITH RECURSIVE n(position) AS (SELECT 1 UNION ALL SELECT position + 1 FROM n) SELECT * FROM n
    """,
    "ALTER TABLE worker ADD COLUMN more GENERATED ALWAYS AS (hex(zeroblob(900000000))) VIRTUAL",
    "CREATE VIRTUAL TABLE more USING rtree(id, low, high)",
  ])
  func `a file that says what no run would is refused`(sql: String) throws {
    try Recording.full.write(to: path)
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: path, configuration: configuration).write {
      try $0.execute(sql: sql)
    }
    let error = #expect(throws: RecordingError.self) { try Recording.read(from: path) }
    #expect(error.map { "\($0)".contains("is damaged") } == true)
  }

  @Test(arguments: [
    "phase SET established = -1", "phase SET goal = 9223372036854775807",
    "phase SET started = -1e308", "phase SET planned_rate = 9e999", "worker SET id = 1e18",
    "worker SET private_bytes = -5", "failure SET count = -9223372036854775808",
    "failure SET first_instant = -1", "limit_reached SET needed = -2",
    "limit_reached SET plan_line = 1e12", "prediction_term SET connections = -2",
    "search_step SET held = -1", "histogram SET ended = 1e300", "sample SET at = -1",
    "sample SET value = 9e999", "sample SET value = -1e17",
    "threshold SET plan_line = -1e12", "run SET duration = 9e999",
  ])
  func `a number that no run comes to is refused`(change: String) throws {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE OR IGNORE \(change)") }
    let error = #expect(throws: RecordingError.self) { try Recording.read(from: path) }
    #expect(error.map { "\($0)".contains(" cannot be ") } == true, "\(String(describing: error))")
  }

  @Test func `the largest number is a setting like any other`() throws {
    var recording = Recording.full
    recording.limits[0].now = .max
    recording.limits[0].needed = -1
    recording.prediction[1].connections = .max
    try recording.write(to: path)
    #expect(try Recording.read(from: path) == recording)
  }

  @Test func `a check that is in the file is not carried out`() throws {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write {
      try $0.execute(
        sql: """
          CREATE TABLE more (x CHECK (length(hex(zeroblob(x))) > 0));
          PRAGMA ignore_check_constraints = ON; INSERT INTO more VALUES (900000000)
          """)
    }
    #expect(try Recording.read(from: path) == Recording.full)
  }

  @Test func `what the file says gets no further than the end of a line`() throws {
    #expect(oneLine("*** in database main ***\nTree 5: \u{1B}[2J\u{202E}x.\n") == "Tree 5: ?[2J?x")
    #expect(oneLine(String(repeating: "x", count: 5000)).count == 200)
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write {
      try $0.execute(
        sql:
          "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || char(10, 27) || '[2J'"
      )
    }
    let error = #expect(throws: RecordingError.self) { try Recording.read(from: path) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("is damaged"), "\(text)")
    #expect(!text.contains("\u{1B}") && !text.contains("\n"))
  }

  /// Writes a whole recording, then a big-endian integer into its header.
  private func patch(_ offset: Int, with value: UInt32) throws {
    try Recording.full.write(to: path)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in 0..<4 {
      bytes[offset + place] = UInt8(truncatingIfNeeded: value >> (24 - 8 * place))
    }
    try bytes.write(to: URL(fileURLWithPath: path))
  }
}
