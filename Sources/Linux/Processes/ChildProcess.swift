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

  /// A child that has ended, and what it took in all.
  package struct Ended: Sendable {
    package let child: ChildProcess
    package let ending: Ending
    package let time: ProcessorTime
  }

  /// Forks a child that runs `body`, then ends without unwinding or flushing anything of the
  /// parent's. Call it before any other thread exists, or while the others wait and hold no lock: a
  /// child has only the thread that forked.
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

  /// Any one child that has ended; nil when none has.
  package static func reapAny() -> Ended? {
    var (status, usage) = (Int32(0), rusage())
    let id = unsafe runner_wait(-1, &status, WNOHANG, &usage)
    guard id > 0 else { return nil }
    return ended(id, status, usage)
  }

  /// Waits until the child has ended.
  package func reap() -> Ended {
    var (status, usage) = (Int32(0), rusage())
    while unsafe runner_wait(id, &status, 0, &usage) < 0, errno == EINTR {}
    return Self.ended(id, status, usage)
  }

  /// Waits until the child has ended.
  package func wait() -> Ending { reap().ending }

  /// Seconds of processor time that the child has used so far; nil once it is reaped. Exact, and
  /// nothing that the child notices. Source: clock_getcpuclockid(3).
  package var processorTime: Double? {
    var clock = clockid_t()
    var time = timespec()
    guard unsafe clock_getcpuclockid(id, &clock) == 0, unsafe clock_gettime(clock, &time) == 0
    else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// What it does just now; see `CurrentProcess.state(of:)`.
  package var state: Character? { CurrentProcess.state(of: id) }

  package func signal(_ number: Int32) {
    _ = CLinux.kill(id, number)
  }

  /// Stops it, whatever signals it blocks, until it gets the signal to resume.
  package func stop() { signal(SIGSTOP) }

  private static func ended(_ id: Int32, _ status: Int32, _ usage: rusage) -> Ended {
    let signal = runner_death_signal(status)
    return Ended(
      child: ChildProcess(id: id),
      ending: signal != 0 ? .killed(signal: signal) : .exited(runner_exit_code(status)),
      time: ProcessorTime(usage))
  }
}

/// Processor time in seconds. Source: getrusage(2).
///
/// The sum is exact. Its two parts are told by which of them the clock's ticks have hit, and
/// neither is ever taken back: after few ticks all of it may be called user time. So a process is
/// asked once, at its end.
package struct ProcessorTime: Sendable, Equatable {
  package let user: Double
  package let system: Double

  package init(user: Double, system: Double) {
    self.user = user
    self.system = system
  }

  init(_ usage: rusage) {
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    user = seconds(usage.ru_utime)
    system = seconds(usage.ru_stime)
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

  /// Seconds of processor time that this process has used. Source: clock_gettime(2).
  package static func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Timeouts end when they are due, not up to 50 microseconds later.
  package static func useExactTimers() {
    _ = runner_exact_timers()
  }

  /// Does something before all that other processes want to do: in the real-time class this one
  /// runs as soon as it is ready, and takes memory from what the kernel keeps back, where others
  /// must free some themselves. As ever where the kernel does not grant it, or the user has chosen a
  /// real-time class already. Children that it forks would do the same. Source: sched(7),
  /// CAP_SYS_NICE.
  package static func first<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let policy = sched_getscheduler(0)
    var (before, lowest) = (sched_param(), sched_param(sched_priority: 1))
    guard unsafe sched_getparam(0, &before) == 0, before.sched_priority == 0,
      unsafe sched_setscheduler(0, SCHED_RR, &lowest) == 0
    else { return try body() }
    defer { _ = unsafe sched_setscheduler(0, policy, &before) }
    return try body()
  }

  /// Runs on none but these processors from now on; on any where none is named, and where the
  /// kernel does not grant it. Source: sched_setaffinity(2).
  package static func stay(on processors: [Int]) {
    guard let last = processors.max() else { return }
    var mask = [UInt64](repeating: 0, count: last / 64 + 1)
    for processor in processors { mask[processor / 64] |= 1 << UInt64(processor % 64) }
    _ = unsafe runner_set_affinity(mask, mask.count * 8)
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

  /// A worker leaves what a terminal, or timeout(1), sends to the whole group to its coordinator,
  /// which ends it in order. The kernel kills it when there is no coordinator any more.
  package static func ignoreSignalsOfGroup() {
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] { runner_ignore_signal(signal) }
  }
}
