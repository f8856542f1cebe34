import Glibc

/// The first bytes of a file, which tell whether the file is a recording:
/// sqlite.org/fileformat.html.
struct FileHeader {
  private static let length = 100
  private let bytes: [UInt8]

  /// - Parameter name: the path for errors, as the user wrote it.
  init(of path: String, called name: String) throws(RecordingError) {
    do {
      bytes = try Self.start(of: path)
    } catch {
      throw .unreadable(path: name, reason: reason(of: error))
    }
  }

  /// Reads by system calls: Foundation has no words for why a directory cannot be read.
  private static func start(of path: String) throws(SystemError) -> [UInt8] {
    // O_NONBLOCK: a pipe holds no recording, so its bytes are not waited for.
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

  /// Whether SQLite reads and writes the file without a WAL beside it: its format versions, bytes
  /// 18 and 19, are both 1.
  var isSelfContained: Bool { bytes.count == Self.length && bytes[18] == 1 && bytes[19] == 1 }

  /// Throws for what is no recording that this program can read. The magic string is at 0, the
  /// version at 60 and the application at 68, both big-endian.
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
