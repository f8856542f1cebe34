import CLinux
import Glibc
import SystemPackage

/// Random bytes that nobody can guess (getrandom(2)).
package enum Randomness {
  /// Fills a buffer. The call fails only where the kernel has none, and then the bytes are left as they are.
  package static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe getrandom(rest.baseAddress, rest.count, 0)
      // Above 256 bytes a signal may interrupt it.
      if count < 0, lastError != .interrupted { return }
      done += max(0, count)
    }
  }
}
