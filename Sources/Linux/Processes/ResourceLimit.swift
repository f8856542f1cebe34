import CLinux
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// How many descriptors a process may have: RLIMIT_NOFILE of getrlimit(2).
///
/// A descriptor's number stays below the soft limit. Anyone may raise the soft limit to the hard
/// one; raising the hard one takes CAP_SYS_RESOURCE, and never goes beyond `fs.nr_open`.
package struct ResourceLimit: Sendable, Equatable {
  package var soft: Int
  package var hard: Int

  package init(soft: Int, hard: Int) {
    self.soft = soft
    self.hard = hard
  }

  /// The present limit of this process.
  package static func descriptors() throws(Errno) -> ResourceLimit {
    var limit = rlimit()
    guard unsafe runner_getrlimit_nofile(&limit) == 0 else { throw Errno(rawValue: errno) }
    return ResourceLimit(soft: Int(clamping: limit.rlim_cur), hard: Int(clamping: limit.rlim_max))
  }

  /// The limit of another process; nil where that process is gone, or this one may not ask.
  package static func descriptors(of process: Int32) -> ResourceLimit? {
    var limit = rlimit()
    guard unsafe runner_getrlimit_nofile_of(process, &limit) == 0 else { return nil }
    return ResourceLimit(soft: Int(clamping: limit.rlim_cur), hard: Int(clamping: limit.rlim_max))
  }

  /// Makes this the limit of this process, and of those that it starts from now on.
  package func apply() throws(Errno) {
    var limit = rlimit(rlim_cur: rlim_t(clamping: soft), rlim_max: rlim_t(clamping: hard))
    guard unsafe runner_setrlimit_nofile(&limit) == 0 else { throw Errno(rawValue: errno) }
  }

  /// `fs.nr_open`; nil where the kernel does not tell.
  package static var most: Int? {
    ProcFile.text(of: "/proc/sys/fs/nr_open")
      .flatMap { $0.split(whereSeparator: \.isWhitespace).first }.flatMap { Int($0) }
  }

  /// Raises the soft limit to the hard one. Where `wanted` is above the hard limit and the kernel allows it, raises
  /// both to `wanted`. Returns the limit that then holds.
  ///
  /// - Parameter most: `fs.nr_open`, above which the result never lies. It may have been lowered since the hard
  ///   limit was set. Then the kernel refuses to set any limit above it, even the present one, so the hard limit is
  ///   lowered to it. Nothing is lost by that: no descriptor can have a higher number anyway.
  package static func raiseDescriptors(
    to wanted: Int = 0, most: Int? = most
  ) throws(Errno) -> ResourceLimit {
    let limit = try descriptors()
    if wanted > limit.hard {
      do throws(Errno) {
        let raised = ResourceLimit(soft: wanted, hard: wanted)
        try raised.apply()
        return raised
      } catch {
        // EPERM: without CAP_SYS_RESOURCE, or beyond fs.nr_open. The hard limit as it is must do.
      }
    }
    let highest = min(limit.hard, most ?? limit.hard)
    let raised = ResourceLimit(soft: highest, hard: highest)
    if raised != limit { try raised.apply() }
    return raised
  }

  /// Lowers the soft limit to `bound` where it is higher, so that every descriptor that is opened from
  /// here on has a number below `bound`. The hard limit stays: the kernel bounds descriptors by the soft one, and a
  /// lower hard limit would only keep this process from raising the soft one again.
  package static func lowerDescriptors(to bound: Int) throws(Errno) {
    let limit = try descriptors()
    guard limit.soft > bound else { return }
    // The kernel refuses to set a hard limit above `fs.nr_open`, even the present one.
    let hard = min(limit.hard, most ?? limit.hard)
    try ResourceLimit(soft: min(bound, hard), hard: hard).apply()
  }
}
