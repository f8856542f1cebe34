import CLinux
import Glibc
package import SystemPackage

/// Zeroed pages from the kernel that cost nothing until they are touched. Source: mmap(2).
package enum Memory {
  /// Maps a block that ends right before a page that nobody may touch. Whoever reads or writes past the end gets
  /// SIGSEGV, in release builds too.
  ///
  /// - Parameters:
  ///   - bytes: the length of the block, a multiple of the alignment that its start needs: the block ends where a
  ///     page ends, so its length decides where it starts.
  ///   - shared: whether the process and the children that it forks see each other's writes.
  package static func map(bytes: Int, shared: Bool) throws(Errno) -> UnsafeMutableRawPointer {
    let flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_NORESERVE
    let whole = roundedUpToPages(bytes)
    let pages = unsafe mmap(nil, whole + ProcFile.pageSize, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let pages = unsafe pages, Int(bitPattern: pages) != -1 else { throw lastError }
    guard unsafe mprotect(pages + whole, ProcFile.pageSize, PROT_NONE) == 0 else {
      let error = lastError
      _ = unsafe munmap(pages, whole + ProcFile.pageSize)
      throw error
    }
    return unsafe pages + (whole - bytes)
  }

  /// Gives back a block of `map`.
  ///
  /// - Parameters:
  ///   - start: what `map` returned.
  ///   - bytes: the length that `map` was given.
  package static func unmap(_ start: UnsafeMutableRawPointer, bytes: Int) {
    let whole = roundedUpToPages(bytes)
    _ = unsafe munmap(start - (whole - bytes), whole + ProcFile.pageSize)
  }

  private static func roundedUpToPages(_ bytes: Int) -> Int {
    let size = ProcFile.pageSize
    return (bytes + size - 1) / size * size
  }

  /// Whether two buffers have the same length and the same bytes.
  package static func isEqual(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return unsafe memcmp(first, second, left.count) == 0
  }

  /// How many bytes of a buffer come before the first one with this value; all of them where none has it.
  package static func count(before byte: UInt8, in buffer: UnsafeRawBufferPointer) -> Int {
    guard let first = buffer.baseAddress,
      let found = unsafe memchr(first, CInt(byte), buffer.count)
    else { return buffer.count }
    return unsafe UnsafeRawPointer(found) - first
  }
}
