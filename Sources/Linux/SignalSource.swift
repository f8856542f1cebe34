import CLinux
import Glibc
package import SystemPackage

/// The signals that a coordinator waits for.
package enum Signal {
  package static let interrupt = SIGINT
  package static let terminate = SIGTERM
  package static let childEnded = SIGCHLD
  /// Ctrl-Z.
  package static let suspend = SIGTSTP
  /// The end of being stopped, as by a shell's `fg`.
  package static let resume = SIGCONT
}

/// Signals as something to poll, instead of handlers that run at any point. Source: signalfd(2).
package struct SignalSource: ~Copyable {
  package let descriptor: FileDescriptor

  /// Blocks these signals for the process and collects them instead.
  package init(_ signals: [Int32]) throws(Errno) {
    var set = try Self.blocked(signals)
    let flags = Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC)
    let raw = unsafe signalfd(-1, &set, flags)
    guard raw >= 0 else { throw lastError }
    descriptor = FileDescriptor(rawValue: raw)
  }

  /// Holds these signals back until a source collects them.
  package static func block(_ signals: [Int32]) throws(Errno) {
    _ = try blocked(signals)
  }

  private static func blocked(_ signals: [Int32]) throws(Errno) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    guard unsafe sigprocmask(SIG_BLOCK, &set, nil) == 0 else { throw lastError }
    return set
  }

  deinit { Socket.close(descriptor) }

  /// The next signal that has arrived; nil when none has.
  package func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    guard unsafe CLinux.read(descriptor.rawValue, &info, size) == size else { return nil }
    return Int32(info.ssi_signo)
  }

  /// Undoes the blocking in a forked child, so that the child can be ended by signals.
  package static func unblockAll() {
    var set = sigset_t()
    unsafe sigfillset(&set)
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }
}

/// Waiting for whichever of a few descriptors is readable first. Source: poll(2).
package enum Poll {
  /// Returns which of them are readable, in their order; one that was closed counts as readable.
  @discardableResult
  package static func waitReadable(
    _ descriptors: [FileDescriptor], until deadline: Instant
  ) -> [Bool] {
    var set = descriptors.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    let milliseconds = (deadline.nanoseconds(since: .now()) + 999_999) / 1_000_000
    let count = unsafe poll(&set, nfds_t(set.count), Int32(clamping: milliseconds))
    return set.map { count > 0 && $0.revents != 0 }
  }
}
