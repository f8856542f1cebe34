import CLinux
import Glibc
package import SystemPackage

/// Zeroed pages from the kernel that cost nothing until they are touched. Source: mmap(2).
package enum Memory {
  /// `shared` pages stay common to a process and the children that it forks.
  package static func map(bytes: Int, shared: Bool) throws(Errno) -> UnsafeMutableRawPointer {
    let flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_NORESERVE
    let pages = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let pages = unsafe pages, Int(bitPattern: pages) != -1 else { throw lastError }
    return unsafe pages
  }

  package static func unmap(_ pages: UnsafeMutableRawPointer, bytes: Int) {
    _ = unsafe munmap(pages, bytes)
  }

  /// Whether two stretches of memory, of one length, hold the same bytes.
  package static func isEqual(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return unsafe memcmp(first, second, left.count) == 0
  }
}
