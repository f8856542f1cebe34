import CLinux
import Glibc
package import SystemPackage

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

  /// Writing to a pipe that nobody reads any more, or a file beyond `ulimit -f`, fails instead of ending
  /// the process.
  package static func ignoreSignalsOfWriting() {
    for signal in [SIGPIPE, SIGXFSZ] { runner_ignore_signal(signal) }
  }

  /// A worker leaves what a terminal, or timeout(1), sends to the whole group to its coordinator,
  /// which ends it in order. The kernel kills it when there is no coordinator any more.
  package static func ignoreSignalsOfGroup() {
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] { runner_ignore_signal(signal) }
  }
}
