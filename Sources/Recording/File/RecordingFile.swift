import Foundation
import GRDB

/// The file of a recording. Its header has been checked, or is checked by `read` where a journal lies beside it.
struct RecordingFile {
  private let path: String
  /// The path as the user wrote it.
  private let name: String
  private let header: FileHeader

  /// The suffixes of the files that SQLite may have left beside a database that was not closed.
  private static let journal = "-journal"
  private static let companions = ["-wal", journal]

  init(_ path: String) throws(RecordingError) {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard FileManager.default.fileExists(atPath: resolved) else { throw .missing(path: path) }
    self.path = resolved
    name = path
    header = try FileHeader(of: resolved, called: path)
    // A run that was killed while it created its file may have left anything in it. Where there is a journal, the
    // header is checked after SQLite has rolled the journal back.
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
          // The file may come from anyone, so its schema must not run code.
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

  /// Gives `body` a path that SQLite can open without changing this file, or creating files beside it.
  ///
  /// SQLite has to create files beside a database that has a WAL, or that is marked for one (bytes 18 and 19), to
  /// read it. A journal has to be rolled back first. In these cases the path is that of a private copy.
  private func open<Result>(_ body: (String) throws -> Result) throws -> Result {
    let files = FileManager.default
    let present = Self.companions.filter { files.fileExists(atPath: path + $0) }
    for suffix in present {
      // A pipe in this place would block the copy, and a symbolic link may lead to any file.
      let type = try files.attributesOfItem(atPath: path + suffix)[.type] as? FileAttributeType
      guard type == .typeRegular else { throw Malformed(reason: "its \(suffix) is no file") }
      guard files.isReadableFile(atPath: path + suffix) else {
        throw SystemError(number: EACCES)
      }
    }
    if present.isEmpty && header.isSelfContained { return try body(path) }

    let directory = files.temporaryDirectory.appendingPathComponent(
      "recording-\(UUID().uuidString)")
    defer { try? files.removeItem(at: directory) }
    let copy = directory.appendingPathComponent("copy").path
    do {
      try files.createDirectory(
        at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try copyUnchanged(to: copy)
      try Self.refuseSuperJournal(named: copy + Self.journal)
      // This first connection may write. It moves the WAL's pages into the copy, or rolls the journal back.
      try DatabaseQueue.lasting(path: copy).whileOpen {
        try $0.writeWithoutTransaction { database in
          try database.execute(sql: "PRAGMA journal_mode = DELETE")
        }
      }
    } catch  where !isDamage(error) && !(error is ChangesTooFast) {
      throw NoCopy(directory: files.temporaryDirectory.path, cause: error)
    }
    if present.contains(Self.journal) { try FileHeader(of: copy, called: name).check(name) }
    return try body(copy)
  }

  /// Throws `Malformed` where a journal names a super-journal. A transaction over several databases has one, and no
  /// recording is written in such a transaction. Once SQLite has rolled the journal back, it deletes the file with
  /// that name, wherever it is. So a stranger's journal could delete any file. A journal that names a super-journal
  /// ends with `journalMagic`: sqlite.org/atomiccommit.html, section 5, and `readSuperJournal` in pager.c.
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

  /// Copies the file and its companions as they were at one instant. While a run goes on, a checkpoint may move
  /// pages from the WAL to the file after one of them was copied. Then all are copied again.
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
          // SQLite has removed the file meanwhile, because the run has ended. So the stamps will differ.
        }
      }
      if stamp() == before { return }
    }
    throw ChangesTooFast()
  }

  /// What a checkpoint changes: the database's modification time and size, and the WAL's header. A sample that is
  /// appended to the WAL changes none of these. SQLite ignores a frame of which only a part was copied.
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

/// Checkpoints come so fast that every copy of the files was overtaken by one.
struct ChangesTooFast: Error {}

/// The private copy cannot be made in `directory`. Nothing is wrong with the file itself.
struct NoCopy: Error {
  let directory: String
  let cause: any Error
}

/// A system call that failed.
struct SystemError: Error {
  let number: Int32
}

/// Whether the file's content caused an error, rather than the access to the file.
func isDamage(_ error: any Error) -> Bool {
  switch error {
  case is Malformed, is RowDecodingError: true
  case let error as DatabaseError:
    // SQLITE_ERROR: a table or a column is missing.
    [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(error.resultCode)
  default: false
  }
}

/// Why reading or writing failed, as the end of a sentence.
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

/// The words for the errno behind an error of Foundation's; nil where no system call caused the error.
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

/// A message of SQLite's on one line, with "?" for characters that a terminal might obey: such a message quotes from
/// the file, which may come from anyone.
func oneLine(_ message: String) -> String {
  let longest = 200
  // `quick_check` puts the line "*** in database main ***" before what it found.
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
  // The sentence that the message ends has a full stop of its own.
  while line.last == "." || line.last == " " { line.removeLast() }
  return line
}
