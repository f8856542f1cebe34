import CLinux
import Glibc
import SystemPackage

/// The tracing file system: where it is mounted and may be used, or else a mount of its own, which is attached
/// nowhere and ends with this value. Source: Documentation/trace/ftrace.rst.
struct TracingDirectory: ~Copyable {
  let path: String
  /// The descriptor of the mount that is attached nowhere; nil where there is none.
  private let mount: Int32?

  /// Nil where this process may not trace, or the kernel has no tracing. A mount that is attached nowhere takes
  /// Linux 5.2.
  init?() {
    for place in ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
    where unsafe access("\(place)/instances", W_OK) == 0 {
      path = place
      mount = nil
      return
    }
    let descriptor = runner_detached_tracefs()
    guard descriptor >= 0 else { return nil }
    path = "/proc/self/fd/\(descriptor)"
    mount = descriptor
  }

  deinit {
    if let mount { close(mount) }
  }
}
