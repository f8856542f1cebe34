import CLinux
import Glibc
import SystemPackage

/// Random bytes that nobody can guess. Source: getrandom(2).
package enum Randomness {
  /// Fills a buffer. Where a seccomp filter refuses getrandom, Swift's generator finds another source, or ends the
  /// program: a mask that a peer can guess is worse.
  package static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe getrandom(rest.baseAddress, rest.count, 0)
      // A signal may interrupt a call for more than 256 bytes.
      if count < 0, lastError != .interrupted {
        var generator = SystemRandomNumberGenerator()
        for place in done..<bytes.count {
          unsafe bytes[place] = UInt8.random(in: 0 ... .max, using: &generator)
        }
        return
      }
      done += max(0, count)
    }
  }
}
