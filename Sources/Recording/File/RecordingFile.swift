import Foundation
import GRDB

/// A recording's file on the disk, whose header says that it is a recording.
struct RecordingFile {
  private let path: String
  /// The path as the user wrote it.
  private let name: String
  private let header: FileHeader

  /// What SQLite may have left beside a database that was not closed.
  private static let journal = "-journal"
  private static let companions = ["-wal", journal]

  init(_ path: String) throws(RecordingError) {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard FileManager.default.fileExists(atPath: resolved) else { throw .missing(path: path) }
    self.path = resolved
    name = path
    header = try FileHeader(of: resolved, called: path)
    // A run that was killed while it created its file may have left anything in it: the header is
    // checked once the journal beside the file has been rolled back.
    if !FileManager.default.fileExists(atPath: resolved + Self.journal) { try header.check(path) }
  }

  /// Runs `body` on the database. The file is never changed, and nothing is left beside it.
  func read<Result>(
    _ body: (Database) throws -> Result
  ) throws(RecordingError) -> Result {
    do {
      return try open { path in
        var configuration = Configuration()
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
          // The file may come from anyone: its schema may run no code.
          try database.execute(sql: "PRAGMA trusted_schema = OFF")
          try database.execute(sql: "PRAGMA cell_size_check = ON")
          try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
        }
        return try DatabaseQueue.lasting(path: path, configuration: configuration).whileOpen {
          try $0.read { database in
            try Schema.refuseComputed(in: database)
            return try body(database)
          }
        }
      }
    } catch let error as RecordingError {
      throw error
    } catch  where isDamage(error) {
      throw .corrupt(path: name, reason: reason(of: error))
    } catch {
      throw .unreadable(path: name, reason: reason(of: error))
    }
  }

  /// Hands over a path that may be opened without touching this file.
  ///
  /// SQLite cannot read a WAL, or a database that is marked for one (bytes 18 and 19), without
  /// creating files beside it. Such a recording is read from a private copy.
  private func open<Result>(_ body: (String) throws -> Result) throws -> Result {
    let files = FileManager.default
    let left = Self.companions.filter { files.fileExists(atPath: path + $0) }
    for suffix in left {
      // Copying a pipe would wait for its bytes, and a link may lead to any file.
      let type = try files.attributesOfItem(atPath: path + suffix)[.type] as? FileAttributeType
      guard type == .typeRegular else { throw Malformed(reason: "its \(suffix) is no file") }
      guard files.isReadableFile(atPath: path + suffix) else {
        throw SystemError(number: EACCES)
      }
    }
    if left.isEmpty && header.isSelfContained { return try body(path) }

    let directory = files.temporaryDirectory.appendingPathComponent(
      "recording-\(UUID().uuidString)")
    defer { try? files.removeItem(at: directory) }
    let copy = directory.appendingPathComponent("copy").path
    do {
      try files.createDirectory(
        at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try copyUnchanged(to: copy)
      try Self.refuseSuperJournal(named: copy + Self.journal)
      // A first connection, which writes, takes what the WAL or the journal holds into the copy.
      try DatabaseQueue.lasting(path: copy).whileOpen {
        try $0.writeWithoutTransaction { database in
          try database.execute(sql: "PRAGMA journal_mode = DELETE")
        }
      }
    } catch  where !isDamage(error) && !(error is ChangesTooFast) {
      throw NoCopy(directory: files.temporaryDirectory.path, cause: error)
    }
    if left.contains(Self.journal) { try FileHeader(of: copy, called: name).check(name) }
    return try body(copy)
  }

  /// A journal may name another one, wherever that is, for a transaction over several databases. SQLite
  /// deletes what has that name once it has played the journal back, so a stranger's journal would
  /// delete any file. No recording is written in such a transaction. A journal with such a name ends
  /// with `journalMagic`: sqlite.org/atomiccommit.html, section 5, and `readSuperJournal` in pager.c.
  private static func refuseSuperJournal(named journal: String) throws {
    guard let file = FileHandle(forReadingAtPath: journal) else { return }
    defer { try? file.close() }
    let length = try file.seekToEnd()
    guard length >= UInt64(journalMagic.count) else { return }
    try file.seek(toOffset: length - UInt64(journalMagic.count))
    guard try file.readToEnd().map({ [UInt8]($0) }) == journalMagic else { return }
    throw Malformed(reason: "its journal names another file, and no recording's does")
  }

  private static let journalMagic: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]

  /// Copies the file and its companions in one state: while a run goes on, a checkpoint may move
  /// pages from the WAL to the file between two copies, and then all are copied again.
  private func copyUnchanged(to copy: String) throws {
    let files = FileManager.default
    for _ in 0..<10 {
      let before = stamp()
      for suffix in [""] + Self.companions {
        try? files.removeItem(atPath: copy + suffix)
        guard files.fileExists(atPath: path + suffix) else { continue }
        do {
          try files.copyItem(atPath: path + suffix, toPath: copy + suffix)
        } catch  where files.fileExists(atPath: path + suffix) {
          throw error
        } catch {
          // SQLite removed the file meanwhile: the run has ended, and the stamps will differ.
        }
      }
      if stamp() == before { return }
    }
    throw ChangesTooFast()
  }

  /// What a checkpoint changes: the database's time and size, the WAL's header. Appending to the
  /// WAL changes none of these, and SQLite ignores a frame that was copied in part.
  private func stamp() -> [String] {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let date = attributes?[.modificationDate] as? Date
    let size = attributes?[.size] as? Int
    let wal = FileHandle(forReadingAtPath: path + "-wal")
    defer { try? wal?.close() }
    let header = try? wal?.read(upToCount: 32)
    return [
      "\(date?.timeIntervalSinceReferenceDate ?? 0)", "\(size ?? 0)",
      (header ?? Data()).map { String($0, radix: 16) }.joined(separator: " "),
    ]
  }
}

/// A run writes so much that no copy of its files is of one instant.
struct ChangesTooFast: Error {}

/// The copy to read from cannot be made in `directory`; nothing is wrong with the file itself.
struct NoCopy: Error {
  let directory: String
  let cause: any Error
}

/// A system call that failed.
struct SystemError: Error {
  let number: Int32
}

/// Whether an error lies in the file's content, rather than in the access to the file.
func isDamage(_ error: any Error) -> Bool {
  switch error {
  case is Malformed, is RowDecodingError: true
  case let error as DatabaseError:
    // SQLITE_ERROR: a table or a column is missing.
    [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(error.resultCode)
  default: false
  }
}

/// What went wrong, as the end of a sentence.
func reason(of error: any Error) -> String {
  switch error {
  case let error as Malformed: error.reason
  case let error as NoCopy:
    "no copy of it can be made in \(error.directory): \(reason(of: error.cause))"
  case let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_DBMOVED:
    "it was moved or deleted meanwhile"
  case let error as DatabaseError:
    error.message.map(oneLine) ?? "SQLite reports error \(error.resultCode)"
  case is ChangesTooFast: "it changes faster than it can be copied"
  case is RowDecodingError: "a value is missing or of another type"
  case let error as SystemError: words(ofErrno: error.number)
  default: systemReason(of: error) ?? oneLine(error.localizedDescription)
  }
}

/// The words for the errno of the system call that an error of Foundation's stems from; nil where it
/// stems from none.
private func systemReason(of error: any Error) -> String? {
  if let error = error as? CocoaError, error.code == .fileWriteOutOfSpace {
    return words(ofErrno: ENOSPC)
  }
  let outer = error as NSError
  let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
  return inner.domain == NSPOSIXErrorDomain ? words(ofErrno: Int32(inner.code)) : nil
}

private func words(ofErrno number: Int32) -> String {
  unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}

/// A message of SQLite's on one line, without what would disturb a terminal: it quotes from the
/// file, which may come from anyone.
func oneLine(_ message: String) -> String {
  let longest = 200
  let lines = message.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("***") }
  var line = ""
  for scalar in lines.joined(separator: "; ").unicodeScalars.prefix(longest) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
      .unassigned:
      line += "?"
    default: line.unicodeScalars.append(scalar)
    }
  }
  // The sentence has a full stop of its own.
  while line.last == "." || line.last == " " { line.removeLast() }
  return line
}
