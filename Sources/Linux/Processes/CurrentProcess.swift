import CLinux
import Glibc
package import SystemPackage

/// The process that this code runs in.
package enum CurrentProcess {
  package static var id: Int32 { getpid() }

  /// Ends this process at once, without unwinding, flushing or waiting for anything.
  package static func exit(_ code: Int32) -> Never { _exit(code) }

  /// Moves the given descriptors to 3, 4, … in this order and closes every other one above 2, so
  /// that a forked worker holds what it needs and nothing that it happened to inherit. Returns the
  /// descriptors under their new numbers.
  package static func keepOnly(_ descriptors: [FileDescriptor]) throws(Errno) -> [FileDescriptor] {
    // First all are copied to higher numbers, so that none is overwritten before it was copied.
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
    try closeAll(from: above)
    return descriptors.indices.map { FileDescriptor(rawValue: Int32(3 + $0)) }
  }

  /// Closes all descriptors from `first` on. Without close_range (before Linux 5.9, or where an old seccomp profile
  /// refuses it) it closes one by one those that /proc names or, without /proc, all below the soft limit.
  private static func closeAll(from first: Int32) throws(Errno) {
    guard runner_close_from(UInt32(first)) != 0 else { return }
    let named = Folder.names(in: "/proc/self/fd").compactMap { Int32($0) }
    let limit = named.isEmpty ? Int32(clamping: try ResourceLimit.descriptors().soft) : 0
    for descriptor in named where descriptor >= first { _ = close(descriptor) }
    for descriptor in stride(from: first, to: limit, by: 1) { _ = close(descriptor) }
  }

  /// Seconds of processor time that this process has used. Source: clock_gettime(2).
  package static func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Makes timeouts end when they are due, not up to 50 microseconds later. Source: PR_SET_TIMERSLACK(2const).
  package static func useExactTimers() {
    _ = runner_exact_timers()
  }

  /// Runs `body` with a real-time priority (SCHED_RR). This process then runs as soon as it is ready. When memory
  /// is short, it may take some from the kernel's reserve, where other processes must free some themselves first.
  ///
  /// The priority stays as it is where the kernel does not grant another one (CAP_SYS_NICE), or where the user has
  /// chosen a real-time class already. Children that `body` forks inherit the priority. Source: sched(7).
  package static func withRealTimePriority<Result, Failure: Error>(
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

  /// Restricts this process to these processors, by the kernel's numbers. Changes nothing where there are none, or
  /// where the kernel does not grant it. Source: sched_setaffinity(2).
  package static func restrict(to processors: [Int]) {
    guard let last = processors.max() else { return }
    var mask = [UInt64](repeating: 0, count: last / 64 + 1)
    for processor in processors { mask[processor / 64] |= 1 << UInt64(processor % 64) }
    _ = unsafe runner_set_affinity(mask, mask.count * 8)
  }

  /// Moves this process to a process group of its own. The terminal's signals go to the group that this process was
  /// started in, and no longer reach it. It may still write to the terminal: where `stty
  /// tostop` is set, the kernel sends SIGTTOU for that, and this process ignores it.
  package static func leaveProcessGroup() {
    _ = setpgid(0, 0)
    runner_ignore_signal(SIGTTOU)
  }

  /// Stops this process until someone sends SIGCONT, as Ctrl-Z would have if it had not been caught.
  package static func stop() { _ = CLinux.kill(getpid(), SIGSTOP) }

  /// Opens /dev/null as each of standard input, output and error that is closed. Otherwise the next file to be
  /// opened would get that descriptor, and what is printed would go into the file.
  package static func openStandardDescriptors() {
    while true {
      let descriptor = unsafe open("/dev/null", O_RDWR)
      guard (0...STDERR_FILENO).contains(descriptor) else {
        if descriptor > STDERR_FILENO { _ = close(descriptor) }
        return
      }
    }
  }

  /// Makes writing to a pipe that nobody reads any more, or to a file beyond `ulimit -f`, fail instead
  /// of ending the process.
  package static func ignoreSignalsOfWriting() {
    for signal in [SIGPIPE, SIGXFSZ] { runner_ignore_signal(signal) }
  }

  /// Makes a worker ignore the signals that a terminal, or timeout(1), sends to the whole process
  /// group. Only the coordinator acts on them, and ends its workers in order. The kernel kills a
  /// worker whose coordinator is gone. Ctrl-Z is not among these signals: while the coordinator
  /// is stopped, nobody watches how much memory is left, so its workers must stop as well.
  package static func ignoreSignalsOfGroup() {
    for signal in [SIGINT, SIGTERM, SIGHUP] { runner_ignore_signal(signal) }
  }
}
