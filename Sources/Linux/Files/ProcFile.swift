package import SystemPackage

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A file of /proc or of another file system of the kernel, opened once and read again and again.
///
/// Reading again takes no further descriptor, so it works when the host has none left. A read from
/// offset 0 makes the kernel write the text anew (`seq_read_iter` in fs/seq_file.c).
package final class ProcFile {
  private let descriptor: Int32
  private var buffer: [UInt8]
  private let limit: Int

  /// Opens the file.
  ///
  /// - Parameter limit: the most bytes that one `read` returns. A low limit suits a file of which
  ///   only the start matters.
  package init(_ path: String, limit: Int = 1 << 20) throws(Errno) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    self.descriptor = descriptor
    self.limit = limit
    buffer = [UInt8](repeating: 0, count: min(4096, limit))
  }

  deinit { close(descriptor) }

  /// The whole file as it is now, up to the limit. A line that the limit cuts is left out: its last number would be
  /// another one.
  package func read() throws(Errno) -> String {
    var length = 0
    while length < limit {
      if length == buffer.count {
        buffer.append(contentsOf: repeatElement(0, count: min(buffer.count, limit - length)))
      }
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe pread(descriptor, bytes.baseAddress! + length, bytes.count - length, length)
      }
      if count == 0 { break }
      if count > 0 {
        length += count
      } else if errno != EINTR {
        throw Errno(rawValue: errno)
      }
    }
    if length == limit, let end = buffer[..<length].lastIndex(of: UInt8(ascii: "\n")) {
      length = end + 1
    }
    return String(decoding: buffer[..<length], as: UTF8.self)
  }

  /// The text of a file that is read only once, up to 1 MiB; nil when it cannot be opened or read.
  package static func text(of path: String) -> String? {
    do throws(Errno) { return try ProcFile(path).read() } catch { return nil }
  }

  /// Bytes per page of memory.
  package static let pageSize = Int(getpagesize())
}
