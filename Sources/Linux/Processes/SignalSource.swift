import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// Signals that can be read from a descriptor, instead of handlers that run at any point. Source: signalfd(2).
package struct SignalSource: ~Copyable {
  package let descriptor: FileDescriptor
  /// The last signal to end that was no repeat, the process that sent it, and when it was read.
  private var last: (signal: Int32, sender: UInt32, at: Instant)?
  /// A signal that comes within this time of another may only repeat the other's request.
  fileprivate static let repetition = Duration.seconds(1)

  /// Blocks these signals in the calling thread, and in threads that it starts later, and collects them instead.
  package init(_ signals: [Int32]) throws(Errno) {
    var set = try Self.blocked(signals)
    let flags = Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC)
    let raw = unsafe signalfd(-1, &set, flags)
    guard raw >= 0 else { throw lastError }
    descriptor = FileDescriptor(rawValue: raw)
  }

  /// Blocks these signals: they stay pending until a source collects them.
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
  /// A signal to end is dropped where it only repeats the request of one that came within `repetition`
  /// before it:
  /// - timeout(1) sends its signal twice, to the program and to its process group. So the same signal from the
  ///   same sender is no new request.
  /// - When a terminal goes away, the kernel and the shell both send SIGHUP. When a session ends, SIGTERM comes
  ///   as well. So two signals are one request where one of them is SIGHUP.
  package mutating func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    while unsafe CLinux.read(descriptor.rawValue, &info, size) == size {
      let signal = Int32(info.ssi_signo)
      guard [Signal.terminate, Signal.interrupt, Signal.hangUp].contains(signal) else {
        return signal
      }
      // A repeat that is dropped does not move `last`, so whoever goes on asking is heard in the end.
      let now = Instant.now()
      if let last, now < last.at.advanced(by: Self.repetition),
        repeats(signal, from: info.ssi_pid, last)
      {
        continue
      }
      last = (signal, info.ssi_pid, now)
      return signal
    }
    return nil
  }

  /// When the last signal to end that was no repeat was read; nil before the first.
  package var lastEnding: Instant? { last?.at }

  /// Whether a signal to end only repeats the request of the one before. Sender 0 is the kernel (a Ctrl-C, for
  /// example) or a process outside this PID namespace: each of its signals is a request of its own, except SIGHUP.
  private func repeats(
    _ signal: Int32, from sender: UInt32, _ before: (signal: Int32, sender: UInt32, at: Instant)
  ) -> Bool {
    // SIGHUP may have been sent second and be read first: of two pending signals the kernel hands out the one
    // with the lower number first.
    if signal == Signal.hangUp || before.signal == Signal.hangUp { return true }
    return before.signal == signal && before.sender == sender && sender != 0
  }

  /// From now on these signals end the process at once, as soon as `count` of them have come. A signal within
  /// `repetition` of one that counted does not count. To be called before work that takes long and cannot look
  /// for signals.
  ///
  /// - Parameters:
  ///   - count: at least 1; less is taken for 1.
  ///   - last: when the last signal was read, if any. A signal soon after it may repeat it, and does not count.
  ///   - code: the exit code.
  package static func endProcess(
    _ signals: [Int32], after count: Int, since last: Instant?, code: Int32
  ) {
    SignalCount.remaining.store(max(1, count), ordering: .relaxed)
    SignalCount.last.store(last?.nanoseconds ?? 0, ordering: .relaxed)
    SignalCount.code.store(code, ordering: .relaxed)
    for number in signals {
      _ = signal(number) { _ in
        // A signal soon after one that counted does not count: it may be the same request, sent twice. Only a
        // signal that counts moves `last`, so whoever goes on pressing Ctrl-C is heard in the end.
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

  /// Unblocks all signals. For a forked child: it inherits the signals that its parent blocks, and these
  /// could not end it.
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
