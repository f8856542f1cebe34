public import CLinux
import Glibc
package import SystemPackage

/// One ready descriptor: the events seen, and the 64 bits that the descriptor was registered with.
package typealias ReadyEvent = runner_epoll_event

extension ReadyEvent {
  @inlinable
  package var token: UInt64 { data }
  @inlinable
  package var seen: EpollEvents { EpollEvents(rawValue: events) }

  package init(token: UInt64, seen: EpollEvents) {
    self.init(events: seen.rawValue, data: token)
  }
}

/// Conditions to wait for, and conditions seen. Source: epoll_ctl(2).
///
/// Not an `OptionSet`: from another module its literals and set algebra are generic calls that
/// allocate, and this is the hottest type there is. For the same reason all of it is inlinable.
@usableFromInline
package struct EpollEvents: Equatable, Sendable {
  @usableFromInline
  package let rawValue: UInt32

  @inlinable
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable
  package static var readable: Self { Self(rawValue: 0x001) }
  /// The peer has sent urgent data. A read of the bytes before it stops at it, so a short read may leave more to
  /// read.
  @inlinable
  package static var urgent: Self { Self(rawValue: 0x002) }
  @inlinable
  package static var writable: Self { Self(rawValue: 0x004) }
  @inlinable
  package static var error: Self { Self(rawValue: 0x008) }
  /// EPOLLHUP: both directions are closed.
  @inlinable
  package static var hangUp: Self { Self(rawValue: 0x010) }
  /// EPOLLRDHUP: the peer sends nothing more.
  @inlinable
  package static var peerHangUp: Self { Self(rawValue: 0x2000) }
  @inlinable
  package static var edgeTriggered: Self { Self(rawValue: 1 << 31) }
  @inlinable
  package static var none: Self { Self(rawValue: 0) }

  /// Whether at least one of these conditions is set.
  @inlinable
  package func has(_ any: Self) -> Bool { rawValue & any.rawValue != 0 }

  @inlinable
  package func without(_ others: Self) -> Self { Self(rawValue: rawValue & ~others.rawValue) }

  @inlinable
  package static func | (left: Self, right: Self) -> Self {
    Self(rawValue: left.rawValue | right.rawValue)
  }
}

/// The calls on an epoll instance. Source: epoll(7).
package enum Epoll {
  package static func open() throws(Errno) -> FileDescriptor {
    let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw lastError }
    return FileDescriptor(rawValue: descriptor)
  }

  package enum Operation: Int32 {
    case add = 1
    case delete = 2
    case modify = 3
  }

  package static func control(
    _ epoll: FileDescriptor, _ operation: Operation, _ descriptor: FileDescriptor,
    _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    let result = runner_epoll_ctl(
      epoll.rawValue, operation.rawValue, descriptor.rawValue, events.rawValue, token)
    guard result == 0 else { throw lastError }
  }

  /// Fills `events` and returns how many there are: 0 at the deadline, and when a signal came. Waits
  /// without end where there is no deadline. Throws any error but EINTR: a caller that went on would spin.
  package static func wait(
    _ epoll: FileDescriptor, into events: UnsafeMutableBufferPointer<ReadyEvent>,
    until deadline: Instant?
  ) throws(Errno) -> Int {
    var timeout: Int64 = -1
    if let deadline {
      timeout = Int64(clamping: deadline.nanoseconds(since: .now()))
    }
    let count = unsafe runner_epoll_wait(
      epoll.rawValue, events.baseAddress, Int32(events.count), timeout)
    if count >= 0 { return Int(count) }
    let error = lastError
    guard error == .interrupted else { throw error }
    return 0
  }

  /// Waits as above, for at most as many events as `events` has elements.
  package static func wait(
    _ epoll: FileDescriptor, into events: inout [ReadyEvent], until deadline: Instant?
  ) throws(Errno) -> Int {
    unsafe try events.withUnsafeMutableBufferPointer { buffer throws(Errno) in
      unsafe try wait(epoll, into: buffer, until: deadline)
    }
  }
}
