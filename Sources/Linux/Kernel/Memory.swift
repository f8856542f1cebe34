import CLinux
import Glibc
package import SystemPackage

/// Zeroed pages from the kernel that cost nothing until they are touched. Source: mmap(2).
package enum Memory {
  /// Maps a block that ends right before a page that nobody may touch: the kernel stops whoever writes past
  /// the end (SIGSEGV), in every build.
  ///
  /// - Parameters:
  ///   - bytes: a multiple of the alignment that the block's start needs. The block ends where a page ends,
  ///     so its length decides where it starts.
  ///   - shared: whether the pages stay common to a process and the children that it forks.
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

  /// - Parameter bytes: the number of bytes that was mapped.
  package static func unmap(_ start: UnsafeMutableRawPointer, bytes: Int) {
    let whole = roundedUpToPages(bytes)
    _ = unsafe munmap(start - (whole - bytes), whole + ProcFile.pageSize)
  }

  private static func roundedUpToPages(_ bytes: Int) -> Int {
    let size = ProcFile.pageSize
    return (bytes + size - 1) / size * size
  }

  /// Whether two stretches of memory have the same length and the same bytes.
  package static func isEqual(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return unsafe memcmp(first, second, left.count) == 0
  }
}
