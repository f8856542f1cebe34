import CLinux
import Glibc
import SystemPackage

/// The tracing file system, wherever it can be had: where it is mounted, else as a mount of our own
/// that stands nowhere and goes with this value. Source: Documentation/trace/ftrace.rst.
struct TracingDirectory: ~Copyable {
  let path: String
  private let mount: Int32?

  /// Nil without the right to it, or where the kernel has none.
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
