import CLinux
import Glibc

/// Whom the kernel kills first when memory runs out. Source: `oom_score_adj` in proc(5).
package enum KillOrder {
  /// Gladly: a worker goes before whoever else has a share in the machine, and is a finding.
  package static let early = 1000
  /// Reluctantly: who tells what happened should see the end of it.
  package static let late = -500

  /// Sets the place of this process; children inherit it. False when the kernel does not permit
  /// it: anyone may move forward, but back only with CAP_SYS_RESOURCE.
  @discardableResult
  package static func take(_ score: Int) -> Bool {
    let descriptor = unsafe open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let text = Array("\(score)".utf8)
    return unsafe text.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      == text.count
  }
}
