import Foundation

/// The first bytes of a file, which tell whether it is a recording: sqlite.org/fileformat.html.
struct FileHeader {
  private static let length = 100
  private let bytes: [UInt8]

  /// - Parameter name: the path for errors, as the user wrote it.
  init(of path: String, called name: String) throws(RecordingError) {
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      bytes = [UInt8](try handle.read(upToCount: Self.length) ?? Data())
    } catch {
      throw .unreadable(path: name, reason: "\(error.localizedDescription)")
    }
  }

  /// Whether nothing beside the file belongs to it: neither reading nor writing it takes a WAL.
  var isSelfContained: Bool { bytes.count == Self.length && bytes[18] == 1 && bytes[19] == 1 }

  /// Magic at 0, version at 60, application at 68, all big-endian.
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
