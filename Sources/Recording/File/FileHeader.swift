import Glibc

/// The first 100 bytes of a file, which tell whether the file is a recording (sqlite.org/fileformat.html, 1.3).
struct FileHeader {
  private static let length = 100
  private let bytes: [UInt8]

  /// - Parameter name: the path as the user wrote it, for errors.
  init(of path: String, called name: String) throws(RecordingError) {
    do {
      bytes = try Self.start(of: path)
    } catch {
      throw .unreadable(path: name, reason: reason(of: error))
    }
  }

  /// Reads by system calls, because Foundation's errors do not say why a directory cannot be read.
  private static func start(of path: String) throws(SystemError) -> [UInt8] {
    // O_NONBLOCK: the path may name a pipe. A pipe is no recording, and its bytes may never come.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemError(number: errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: length)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(descriptor, buffer.baseAddress, buffer.count)
    }
    guard count >= 0 else { throw SystemError(number: errno) }
    return Array(bytes.prefix(count))
  }

  /// Whether SQLite reads and writes the file without a WAL. Bytes 18 and 19 say so: they are 1, or 2 with a WAL.
  var isSelfContained: Bool { bytes.count == Self.length && bytes[18] == 1 && bytes[19] == 1 }

  /// Throws where the file is no recording, or is one that this program cannot read. The magic string is at offset
  /// 0, `user_version` at 60 and `application_id` at 68. The two numbers are big-endian.
  ///
  /// - Parameter name: the path as the user wrote it, for errors.
  func check(_ name: String) throws(RecordingError) {
    guard !bytes.isEmpty else { throw .empty(path: name) }
    guard bytes.starts(with: Array("SQLite format 3\0".utf8)) else { throw .foreign(path: name) }
    guard bytes.count == Self.length else {
      throw .corrupt(path: name, reason: "it ends too early")
    }
    guard integer(at: 68) == Schema.applicationID else { throw .foreign(path: name) }
    let version = RecordingVersion(number: integer(at: 60))
    guard version.major <= RecordingVersion.current.major else {
      throw .newer(path: name, version: version)
    }
  }

  private func integer(at offset: Int) -> Int32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int32($1) }
  }
}
