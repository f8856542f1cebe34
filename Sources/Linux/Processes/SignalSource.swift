import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// Signals as something to poll, instead of handlers that run at any point. Source: signalfd(2).
package struct SignalSource: ~Copyable {
  package let descriptor: FileDescriptor
  /// The last signal that asks the program to end, the process that sent it, and when it was read.
  private var last: (signal: Int32, sender: UInt32, at: Instant)?
  /// Within this time a repeated signal of one sender is dropped.
  fileprivate static let repetition = Duration.seconds(1)

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
  ///
  /// timeout(1) sends its signal twice, to the program and to its group. The second signal is no
  /// request of its own, and is dropped. When a terminal goes, the kernel and the shell both send SIGHUP,
  /// and when a session ends, SIGTERM comes as well. So two signals that ask the program to end count as
  /// one request where one of them is SIGHUP and the second comes right after the first.
  package mutating func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    while unsafe CLinux.read(descriptor.rawValue, &info, size) == size {
      let signal = Int32(info.ssi_signo)
      guard [Signal.terminate, Signal.interrupt, Signal.hangUp].contains(signal) else {
        return signal
      }
      let before = last
      last = (signal, info.ssi_pid, .now())
      if let before, .now() < before.at.advanced(by: Self.repetition),
        repeats(signal, from: info.ssi_pid, before)
      {
        continue
      }
      return signal
    }
    return nil
  }

  /// When the last signal that asks the program to end was read; nil before the first.
  package var lastEnding: Instant? { last?.at }

  /// Whether a signal to end asks only for what the one before has asked for. Sender 0 is the kernel, for
  /// example with a Ctrl-C: each of its signals is a request of its own, but for SIGHUP.
  private func repeats(
    _ signal: Int32, from sender: UInt32, _ before: (signal: Int32, sender: UInt32, at: Instant)
  ) -> Bool {
    // Either may come first: of two pending signals the kernel hands out SIGHUP, the lower number, first.
    if signal == Signal.hangUp || before.signal == Signal.hangUp { return true }
    return before.signal == signal && before.sender == sender && sender != 0
  }

  /// Lets these signals end the process at once, with an exit code, when `count` of them have come. To
  /// be called before work that takes long and cannot look for signals.
  ///
  /// - Parameter last: when the last signal was read, if any: what comes soon after it may repeat it.
  package static func endProcess(
    _ signals: [Int32], after count: Int, since last: Instant?, code: Int32
  ) {
    SignalCount.remaining.store(max(1, count), ordering: .relaxed)
    SignalCount.last.store(last?.nanoseconds ?? 0, ordering: .relaxed)
    SignalCount.code.store(code, ordering: .relaxed)
    for number in signals {
      _ = signal(number) { _ in
        // A signal soon after another does not count: it may be the same request, sent twice. Only those
        // that count are remembered, so that whoever goes on pressing Ctrl-C is heard in the end.
        let now = Instant.now().nanoseconds
        let before = SignalCount.last.load(ordering: .relaxed)
        guard now > before + SignalSource.repetition.nanoseconds,
          SignalCount.last.compareExchange(expected: before, desired: now, ordering: .relaxed)
            .exchanged
        else { return }
        let remaining = SignalCount.remaining.subtract(1, ordering: .relaxed).newValue
        if remaining <= 0 { _exit(SignalCount.code.load(ordering: .relaxed)) }
      }
    }
    unblock(signals)
  }

  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// Undoes the blocking in a forked child, so that the child can be ended by signals.
  package static func unblockAll() {
    var set = sigset_t()
    unsafe sigfillset(&set)
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }
}

/// What the handlers of `endProcess` read and write.
private enum SignalCount {
  /// How many signals must still come before the process ends.
  static let remaining = Atomic<Int>(1)
  /// When the last signal that counts came, in nanoseconds of `Instant`.
  static let last = Atomic<UInt64>(0)
  /// The exit code.
  static let code = Atomic<Int32>(1)
}
