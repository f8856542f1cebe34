import CLinux
import Glibc
package import SystemPackage

/// Waits for a few descriptors to become readable, or for one to become writable. Source: poll(2).
package enum Poll {
  /// Waits until a descriptor is readable, the deadline has come or a signal arrives; 24 days at most. Returns
  /// for each descriptor whether it is readable. One that has hung up or failed counts as readable.
  @discardableResult
  package static func waitReadable(
    _ descriptors: [FileDescriptor], until deadline: Instant
  ) -> [Bool] {
    var set = descriptors.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    let milliseconds = (deadline.nanoseconds(since: .now()) + 999_999) / 1_000_000
    let count = unsafe poll(&set, nfds_t(set.count), Int32(clamping: milliseconds))
    return set.map { count > 0 && $0.revents != 0 }
  }

  /// Whether a short text can be written now without a wait; true also where writing fails at once.
  static func isWritable(_ descriptor: Int32) -> Bool {
    var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&one, 1, 0) > 0
  }

  /// Waits until something can be written, writing would fail at once, or a signal arrives. Returns false
  /// where `other` is readable before that.
  static func waitWritable(_ descriptor: Int32, orReadable other: FileDescriptor? = nil) -> Bool {
    // poll(2) passes over a negative number.
    var set = [
      pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: other?.rawValue ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    _ = unsafe poll(&set, nfds_t(set.count), -1)
    return set[0].revents != 0 || set[1].revents == 0
  }
}
