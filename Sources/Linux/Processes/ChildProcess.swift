import CLinux
import Glibc
package import SystemPackage

/// A child process made by fork. Source: fork(2), wait(2), prctl(2).
package struct ChildProcess: Sendable, Hashable {
  package let id: Int32

  /// How a child ended.
  package enum Ending: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  /// A child that has ended: how, and the processor time that it used.
  package struct Ended: Sendable {
    package let child: ChildProcess
    package let ending: Ending
    package let time: ProcessorTime
  }

  /// Forks a child that runs `body`. The child then ends without unwinding or flushing anything of the
  /// parent's. To be called before any other thread exists, or while the others wait and hold no
  /// lock: a child has only the thread that forked.
  ///
  /// - Parameters:
  ///   - dieWithParent: whether the kernel kills the child when the parent ends, however that ends.
  ///   - body: returns the child's exit code.
  package static func fork(
    dieWithParent: Bool, _ body: () -> Int32
  ) throws(Errno) -> ChildProcess {
    // A program that was started with SIGCHLD ignored goes on ignoring it, and the kernel then keeps
    // no exit status for `wait`.
    runner_default_signal(SIGCHLD)
    let parent = getpid()
    let id = runner_fork()
    if id < 0 { throw lastError }
    if id > 0 { return ChildProcess(id: id) }
    if dieWithParent {
      _ = runner_die_with_parent()
      // The parent may have died before the line above took effect.
      if getppid() != parent { _exit(0) }
    }
    _exit(body())
  }

  /// Reaps any one child that has ended; nil when none has.
  package static func reapAny() -> Ended? {
    let id = runner_ended_child(0, WNOHANG)
    return id > 0 ? reaped(id) : nil
  }

  /// Waits until the child has ended, and reaps it. Nil for a child that was reaped before: nobody can tell any more
  /// how that ended.
  package func reap() -> Ended? {
    while runner_ended_child(id, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    return Self.reaped(id)
  }

  /// As `reap`, without the processor time.
  package func wait() -> Ending? { reap()?.ending }

  /// Seconds of processor time that the child has used so far; nil once it is reaped. The value is
  /// exact, and asking does not disturb the child. Source: clock_getcpuclockid(3).
  package var processorTime: Double? {
    var clock = clockid_t()
    var time = timespec()
    guard unsafe clock_getcpuclockid(id, &clock) == 0, unsafe clock_gettime(clock, &time) == 0
    else { return nil }
    return time.seconds
  }

  /// The child's state now; see `CurrentProcess.state(of:)`.
  package var state: Character? { CurrentProcess.state(of: id) }

  /// Sends a signal; does nothing where the child is gone. Source: kill(2).
  package func signal(_ number: Int32) {
    _ = CLinux.kill(id, number)
  }

  /// Makes the child the leader of a process group of its own. The child does the same
  /// (`CurrentProcess.leaveProcessGroup`), so the group exists as soon as either of them has run.
  package func leadGroup() { _ = setpgid(id, id) }

  /// Stops the group that the child leads, whatever signals its processes block, until `resumeGroup`.
  package func stopGroup() { _ = CLinux.kill(-id, SIGSTOP) }

  package func resumeGroup() { _ = CLinux.kill(-id, SIGCONT) }

  /// Reaps a child that has ended. What its time was at the clock's ticks can be asked only before that.
  private static func reaped(_ id: Int32) -> Ended? {
    var time = timespec()
    let atTicks = unsafe runner_time_at_ticks(id, &time) == 0 ? time.seconds : nil
    var (status, usage) = (Int32(0), rusage())
    guard unsafe runner_wait(id, &status, 0, &usage) == id else { return nil }
    let signal = runner_death_signal(status)
    return Ended(
      child: ChildProcess(id: id),
      ending: signal != 0 ? .killed(signal: signal) : .exited(runner_exit_code(status)),
      time: ProcessorTime(usage, atTicks: atTicks))
  }
}

/// Processor time in seconds. Source: getrusage(2).
///
/// The sum is exact. The kernel divides it into user and system time by what the process did at the
/// clock's ticks: after few ticks all of it may count as user time. The kernel never lowers a part that it
/// has reported once, so an early question would spoil later answers. So the kernel is asked once, when the
/// process has ended.
package struct ProcessorTime: Sendable, Equatable {
  package let user: Double
  package let system: Double
  /// The sum as the kernel counts it at the clock's ticks, which may be a third more than the exact one, or less.
  /// This is what RLIMIT_CPU bounds (kernel/time/posix-cpu-timers.c). Nil where it is not known.
  package let atTicks: Double?

  package init(user: Double, system: Double, atTicks: Double? = nil) {
    self.user = user
    self.system = system
    self.atTicks = atTicks
  }

  init(_ usage: rusage, atTicks: Double?) {
    self.atTicks = atTicks
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    user = seconds(usage.ru_utime)
    system = seconds(usage.ru_stime)
  }
}

extension timespec {
  fileprivate var seconds: Double { Double(tv_sec) + Double(tv_nsec) / 1e9 }
}
