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

  /// Forks a child that runs `body`, then ends without unwinding or flushing anything of the
  /// parent's. Call it before any thread exists: a child has only the thread that forked.
  ///
  /// - Parameter dieWithParent: the kernel kills the child when the parent ends, however it ends.
  package static func fork(
    dieWithParent: Bool, _ body: () -> Int32
  ) throws(Errno) -> ChildProcess {
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

  /// The ending of any one child that has ended; nil when none has.
  package static func reapAny() -> (child: ChildProcess, ending: Ending)? {
    var status: Int32 = 0
    let id = unsafe waitpid(-1, &status, WNOHANG)
    guard id > 0 else { return nil }
    return (ChildProcess(id: id), ending(status))
  }

  /// Waits until the child has ended.
  package func wait() -> Ending {
    var status: Int32 = 0
    while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    return Self.ending(status)
  }

  package func signal(_ number: Int32) {
    _ = CLinux.kill(id, number)
  }

  /// Stops it, whatever signals it blocks, until it gets the signal to resume.
  package func stop() { signal(SIGSTOP) }

  private static func ending(_ status: Int32) -> Ending {
    let signal = runner_death_signal(status)
    return signal != 0 ? .killed(signal: signal) : .exited(runner_exit_code(status))
  }
}

/// The process that this code runs in.
package enum CurrentProcess {
  package static var id: Int32 { getpid() }

  /// Ends at once: nothing is unwound, flushed or waited for.
  package static func exit(_ code: Int32) -> Never { _exit(code) }

  /// Moves the given descriptors to 3, 4, … in this order and closes every other one above 2, so
  /// that a forked worker holds what it needs and nothing that it happened to inherit.
  package static func keepOnly(_ descriptors: [FileDescriptor]) throws(Errno) -> [FileDescriptor] {
    // First out of the way, so that no target is overwritten before it was moved itself.
    let above = Int32(3 + descriptors.count)
    var kept: [FileDescriptor] = []
    for descriptor in descriptors {
      let copy = runner_duplicate_above(descriptor.rawValue, above)
      guard copy >= 0 else { throw lastError }
      kept.append(FileDescriptor(rawValue: copy))
    }
    for (index, descriptor) in kept.enumerated() {
      guard runner_duplicate_to(descriptor.rawValue, Int32(3 + index)) >= 0 else { throw lastError }
    }
    _ = runner_close_from(UInt32(above))
    return descriptors.indices.map { FileDescriptor(rawValue: Int32(3 + $0)) }
  }

  /// User and system time that this process has used, in microseconds. Source: getrusage(2).
  package static func processorTime() -> (user: UInt64, system: UInt64) {
    var usage = rusage()
    _ = unsafe runner_getrusage_self(&usage)
    func microseconds(_ time: timeval) -> UInt64 {
      UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_usec)
    }
    return (microseconds(usage.ru_utime), microseconds(usage.ru_stime))
  }

  /// Timeouts end when they are due, not up to 50 microseconds later.
  package static func useExactTimers() {
    _ = runner_exact_timers()
  }

  /// Signals of the terminal go to the group that it was started in, and no longer here.
  package static func leaveProcessGroup() {
    _ = setpgid(0, 0)
  }

  /// Stops until someone sends the signal to resume, as if Ctrl-Z had not been caught.
  package static func stop() { _ = CLinux.kill(getpid(), SIGSTOP) }

  /// Opens what of standard input, output and error was closed, on nothing: else the next file
  /// that is opened would take its place, and what is printed would go there.
  package static func openStandardDescriptors() {
    while true {
      let descriptor = unsafe open("/dev/null", O_RDWR)
      guard (0...STDERR_FILENO).contains(descriptor) else {
        if descriptor > STDERR_FILENO { _ = close(descriptor) }
        return
      }
    }
  }

  /// Writing to a pipe that nobody reads any more fails instead of ending the process.
  package static func ignoreBrokenPipes() {
    runner_ignore_signal(SIGPIPE)
  }

  /// A worker leaves Ctrl-C to its coordinator, which ends it in order.
  package static func ignoreTerminalSignals() {
    runner_ignore_signal(SIGINT)
    runner_ignore_signal(SIGTSTP)
  }
}
