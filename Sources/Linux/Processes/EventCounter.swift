import CLinux
import Glibc
package import SystemPackage

/// A counter in the kernel that wakes whoever polls its descriptor. Source: eventfd(2).
package enum EventCounter {
  /// Makes a counter that stands at 0; its descriptor is non-blocking and closed on exec.
  package static func open() throws(Errno) -> FileDescriptor {
    let descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    guard descriptor >= 0 else { throw lastError }
    return FileDescriptor(rawValue: descriptor)
  }

  /// Adds 1, which makes the descriptor readable.
  package static func signal(_ counter: FileDescriptor) {
    var one: UInt64 = 1
    _ = unsafe CLinux.write(counter.rawValue, &one, 8)
  }

  /// Sets the counter to 0, so that the next wait blocks again.
  package static func clear(_ counter: FileDescriptor) {
    var count: UInt64 = 0
    _ = unsafe CLinux.read(counter.rawValue, &count, 8)
  }
}
