package import Linux
package import SystemPackage

/// Time as a run sees it: the door through which a run waits. Behind it is the kernel's clock, or
/// the virtual time of a simulation.
package protocol RunClock: AnyObject {
  func now() -> Instant

  /// Lets time pass until the instant. Returns earlier when a worker calls for attention or a
  /// signal comes.
  func wait(until instant: Instant)

  /// Lets time pass until the instant, whatever happens meanwhile.
  func pause(until instant: Instant)

  /// Takes the next of the signals that have arrived and that ask a program to end; nil when there
  /// is none.
  func nextSignal() -> Int32?

  /// From now on signals end the program directly, without `nextSignal`.
  ///
  /// - Parameters:
  ///   - count: how many signals it takes to end the program.
  ///   - code: the program's exit code.
  func endProcess(afterSignals count: Int, code: Int32)
}

/// The kernel's clock, and the signals of this process.
package final class SystemClock: RunClock {
  private var signals: SignalSource
  private let attention: FileDescriptor

  /// Blocks the signals that ask a program to end, and collects them from now on.
  ///
  /// - Parameter attention: becomes readable when a worker calls for attention.
  package init(attention: FileDescriptor) throws(Errno) {
    signals = try SignalSource(Signal.endings)
    self.attention = attention
  }

  package func now() -> Instant { .now() }

  package func wait(until instant: Instant) { wait(until: instant, for: []) }

  /// As `wait(until:)`, but returns earlier also when one of `others` becomes readable.
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
