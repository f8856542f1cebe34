import CLinux
import Glibc
import SystemPackage

/// The tracing file system: where it is mounted, or else a detached mount of our own, which is attached
/// nowhere and ends with this value. Source: Documentation/trace/ftrace.rst.
struct TracingDirectory: ~Copyable {
  let path: String
  private let mount: Int32?

  /// Nil without the right to trace, or where the kernel has no tracing.
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
