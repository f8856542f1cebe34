import Foundation
import GRDB

/// Writes a run to its file while it happens.
///
/// Until `finish` the file is in WAL mode: every sample is one transaction, so a run that is
/// killed at any instant leaves a file that reads up to its last sample. `finish` turns it into
/// one self-contained file.
package final class RecordingWriter {
  package let path: String
  private let queue: DatabaseQueue
  private var tables = Tables()

  /// Creates the file with what is known before the run: plan, host, phases, workers, prediction.
  package init(path: String, recording: Recording) throws(RecordingError) {
    guard !FileManager.default.fileExists(atPath: path) else { throw .exists(path: path) }
    self.path = path
    // A recording holds values that the environment gave, and what was sent. The files that SQLite
    // puts beside it get the same permissions.
    try Self.makePrivate(path)
    var tables = Tables()
    queue = try Self.naming(path) {
      let queue = try DatabaseQueue.lasting(path: path, configuration: Self.configuration)
      try queue.write { database in
        try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(RecordingVersion.current.number)")
        try database.execute(sql: Schema.sql)
        try tables.begin(recording, in: database)
      }
      // Only now: whatever happens to the WAL, the file itself already tells what ran and where.
      // NORMAL syncs at checkpoints alone, so a sample never waits for the disk (sqlite.org/wal).
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "PRAGMA journal_mode = WAL")
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
        // From here on SQLite opens no further file: the host may have no descriptor left.
        try database.execute(sql: "PRAGMA temp_store = MEMORY")
      }
      return queue
    }
    self.tables = tables
  }

  deinit { try? queue.close() }

  /// Lets the file have so many pages at most, of 4 KiB each, or as many as it has already: from there on its disk
  /// is full, as simulations want it.
  package func limit(toPages pages: Int) throws(RecordingError) {
    try Self.naming(path) {
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }
  }

  /// Adds a sample: whole or not at all.
  package func append(_ sample: Sample) throws(RecordingError) {
    try write { database, tables in try tables.append(sample, in: database) }
  }

  /// Writes the end, as far as it is known before the run is judged. A run that is killed from here on
  /// leaves a file that is complete, and has no verdict.
  package func write(_ end: RunEnd) throws(RecordingError) {
    try write { database, tables in try tables.end(end, true, in: database) }
  }

  /// The recording as it stands.
  package func snapshot() throws(RecordingError) -> Recording {
    try Self.naming(path) { try queue.read { try Recording(database: $0) } }
  }

  /// Writes the end and makes the file self-contained. Nothing can be added after.
  ///
  /// - Parameter isComplete: false for what is known of a run that was cut off.
  package func finish(_ end: RunEnd, isComplete: Bool = true) throws(RecordingError) {
    try write { database, tables in try tables.end(end, isComplete, in: database) }
    try Self.naming(path) {
      do {
        try queue.writeWithoutTransaction { database in
          try database.execute(sql: "PRAGMA journal_mode = DELETE")
        }
        try queue.close()
      } catch DatabaseError.SQLITE_BUSY {
        try replaceByCopy()
      }
    }
  }

  /// Somebody has the recording open, and until they close it SQLite leaves the WAL beside it. They
  /// keep what they have; whoever opens the recording from now on finds a file that is whole.
  private func replaceByCopy() throws {
    let copy = path + ".whole"
    let files = FileManager.default
    try? files.removeItem(atPath: copy)
    // VACUUM INTO takes a file that is there if it is empty: this one has its permissions already.
    try Self.makePrivate(copy)
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "VACUUM INTO ?", arguments: [copy])
    }
    // Before the rename: closing deletes the WAL by its name, if it is the last to close.
    try queue.close()
    guard unsafe rename(copy, path) == 0 else { throw SystemError(number: errno) }
    for suffix in ["-wal", "-shm"] { try? files.removeItem(atPath: path + suffix) }
  }

  /// One transaction. What the tables are known to hold changes only when it is committed.
  private func write(
    _ body: (Database, inout Tables) throws -> Void
  ) throws(RecordingError) {
    var tables = tables
    try Self.naming(path) { try queue.write { try body($0, &tables) } }
    self.tables = tables
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    // Someone may look at the recording with sqlite3 while it is written.
    configuration.busyMode = .timeout(5)
    return configuration
  }

  /// An empty file that nobody else may read.
  private static func makePrivate(_ path: String) throws(RecordingError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .unwritable(path: path, reason: reason(of: SystemError(number: errno)))
    }
    close(descriptor)
  }

  /// Failures of the file that is being written, also while it is read back.
  private static func naming<Result>(
    _ path: String, _ body: () throws -> Result
  ) throws(RecordingError) -> Result {
    do { return try body() } catch {
      throw .unwritable(path: path, reason: reason(of: error))
    }
  }
}

extension Recording {
  /// Writes the whole of it to a new file.
  package func write(to path: String) throws(RecordingError) {
    try RecordingWriter(path: path, recording: self).finish(
      RunEnd(
        duration: duration, interrupted: interrupted, fault: fault, state: state,
        verdict: verdict, thresholds: thresholds, replay: replay),
      isComplete: complete)
  }
}
