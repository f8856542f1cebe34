package import Linux
package import SystemPackage

/// The clock of a run, through which the coordinator waits and learns of signals. Its time is the
/// kernel's (`SystemClock`), or a simulation's virtual time.
package protocol RunClock: AnyObject {
  func now() -> Instant

  /// Lets time pass until the instant. Returns earlier when a worker calls for attention or a
  /// signal comes.
  func wait(until instant: Instant)

  /// Lets time pass until the instant. A worker that calls for attention does not end it, nor does
  /// a signal that `nextSignal` would return.
  func pause(until instant: Instant)

  /// Takes the next signal that asks this program to end (`Signal.endings`); nil when none has
  /// arrived.
  func nextSignal() -> Int32?

  /// From now on a signal that asks this program to end does so by itself: nobody need call
  /// `nextSignal`.
  ///
  /// - Parameters:
  ///   - count: how many signals it takes to end the program. One that comes soon after another
  ///     does not count (`SignalSource.endProcess`).
  ///   - code: the program's exit code.
  func endProcess(afterSignals count: Int, code: Int32)
}

/// The kernel's clock, and the signals of this process.
package final class SystemClock: RunClock {
  private var signals: SignalSource
  private let attention: FileDescriptor

  /// Blocks the signals that ask a program to end, and collects them for `nextSignal`.
  ///
  /// - Parameter attention: becomes readable when a worker calls for attention.
  package init(attention: FileDescriptor) throws(Errno) {
    signals = try SignalSource(Signal.endings)
    self.attention = attention
  }

  package func now() -> Instant { .now() }

  package func wait(until instant: Instant) { wait(until: instant, for: []) }

  /// As `wait(until:)`, but also returns when one of `others` becomes readable.
  package func wait(until instant: Instant, for others: [FileDescriptor]) {
    Poll.waitReadable([attention, signals.descriptor] + others, until: instant)
    EventCounter.clear(attention)
  }

  package func pause(until instant: Instant) { Poll.waitReadable([], until: instant) }

  package func nextSignal() -> Int32? { signals.next() }

  package func endProcess(afterSignals count: Int, code: Int32) {
    SignalSource.endProcess(
      Signal.endings, after: count, since: signals.lastEnding, code: code)
  }
}
