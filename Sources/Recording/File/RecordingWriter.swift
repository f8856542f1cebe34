import Foundation
import GRDB

/// Writes a run to its file while it happens.
///
/// Until `finish` the file is in WAL mode, and every sample is one transaction. So a run that is killed at any
/// instant leaves a recording that can be read up to its last sample. `finish` makes it one self-contained file.
package final class RecordingWriter {
  package let path: String
  private let queue: DatabaseQueue
  private var tables: Tables

  /// Creates the file with what is known before the run: plan, host, phases, workers, prediction.
  package init(path: String, recording: Recording) throws(RecordingError) {
    guard !FileManager.default.fileExists(atPath: path) else { throw .exists(path: path) }
    self.path = path
    // Only the owner may read a recording, because it holds messages, and values that the environment gave. SQLite
    // gives the files that it creates beside the recording the same permissions.
    try Self.makePrivate(path)
    do throws(RecordingError) {
      (queue, tables) = try Self.begun(recording, at: path)
    } catch {
      // Whoever tries again would find that a recording is there already.
      for suffix in ["", "-wal", "-shm", "-journal"] { unsafe unlink(path + suffix) }
      throw error
    }
  }

  /// Writes what is known before the run into the empty file. The file is closed where that fails.
  private static func begun(
    _ recording: Recording, at path: String
  ) throws(RecordingError) -> (DatabaseQueue, Tables) {
    try naming(path) {
      let queue = try DatabaseQueue.lasting(path: path, configuration: configuration)
      do {
        return (queue, try begin(recording, in: queue))
      } catch {
        try? queue.close()
        throw error
      }
    }
  }

  private static func begin(_ recording: Recording, in queue: DatabaseQueue) throws -> Tables {
    var tables = Tables()
    try queue.write { database in
      try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
      try database.execute(sql: "PRAGMA user_version = \(RecordingVersion.current.number)")
      try database.execute(sql: Schema.sql)
      try tables.begin(recording, in: database)
    }
    // WAL mode begins only now, so that the file itself tells what ran and where, even if the WAL is lost. NORMAL
    // syncs at checkpoints alone (sqlite.org/wal), so only a sample that causes a checkpoint waits for the disk.
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
      // The first sample opens the WAL and its index. After that SQLite opens no file until `finish`. The host may
      // have no descriptor left by then.
      try database.execute(sql: "PRAGMA temp_store = MEMORY")
    }
    return tables
  }

  deinit { try? queue.close() }

  /// Bounds the file to this many pages of 4 KiB, or to its present size if that is more. Beyond the bound SQLite
  /// reports a full disk. Simulations use it for that.
  package func limit(toPages pages: Int) throws(RecordingError) {
    try Self.naming(path) {
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }
  }

  /// Adds a sample in one transaction: whole or not at all.
  package func append(_ sample: Sample) throws(RecordingError) {
    try write { database, tables in try tables.append(sample, in: database) }
  }

  /// Writes the run's end, before the run is judged. A run that is killed from here on leaves a file that is complete
  /// and has no verdict.
  package func write(_ end: RunEnd) throws(RecordingError) {
    try write { database, tables in try tables.end(end, true, in: database) }
  }

  /// The recording as far as it is written.
  package func snapshot() throws(RecordingError) -> Recording {
    try Self.naming(path) { try queue.read { try Recording(database: $0) } }
  }

  /// Writes the run's end and makes the file self-contained. Nothing can be added afterwards.
  ///
  /// - Parameter isComplete: false where the recording is of a run that was cut off.
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

  /// Puts a copy without a WAL in place of the file. This is needed while another process has the recording open,
  /// because SQLite cannot remove the WAL then. That process keeps the old file. Processes that open the recording
  /// from now on find the copy.
  private func replaceByCopy() throws {
    let copy = path + ".whole"
    let files = FileManager.default
    try? files.removeItem(atPath: copy)
    // VACUUM INTO accepts an existing file that is empty, and keeps its permissions.
    try Self.makePrivate(copy)
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "VACUUM INTO ?", arguments: [copy])
    }
    // The queue is closed before the rename, because the last connection that closes deletes the WAL by its name.
    try queue.close()
    guard unsafe rename(copy, path) == 0 else { throw SystemError(number: errno) }
    for suffix in ["-wal", "-shm"] { try? files.removeItem(atPath: path + suffix) }
  }

  /// Runs `body` in one transaction. `tables` changes only when the transaction is committed.
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
    // Someone may read the recording with sqlite3 while the run writes it, and hold a lock for a moment.
    configuration.busyMode = .timeout(5)
    return configuration
  }

  /// Creates an empty file that no other user may read.
  private static func makePrivate(_ path: String) throws(RecordingError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .unwritable(path: path, reason: reason(of: SystemError(number: errno)))
    }
    close(descriptor)
  }

  /// Runs `body`, and throws its errors as `unwritable` with this path, even where `body` only reads.
  private static func naming<Result>(
    _ path: String, _ body: () throws -> Result
  ) throws(RecordingError) -> Result {
    do { return try body() } catch let error as RecordingError {
      // It has its own path and reason.
      throw error
    } catch {
      throw .unwritable(path: path, reason: reason(of: error))
    }
  }
}

extension Recording {
  /// Writes the whole recording to a new file.
  package func write(to path: String) throws(RecordingError) {
    try RecordingWriter(path: path, recording: self).finish(
      RunEnd(
        duration: duration, interrupted: interrupted, fault: fault, state: state,
        verdict: verdict, thresholds: thresholds, replay: replay),
      isComplete: complete)
  }
}
