import CLinux
import Glibc
import SystemPackage

/// Random bytes that nobody can guess. Source: getrandom(2).
package enum Randomness {
  /// Fills a buffer. Where the kernel has no getrandom, or a seccomp filter refuses it, the buffer keeps the bytes
  /// that it had, and the caller is not told.
  package static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe getrandom(rest.baseAddress, rest.count, 0)
      // A signal may interrupt a call for more than 256 bytes.
      if count < 0, lastError != .interrupted { return }
      done += max(0, count)
    }
  }
}
