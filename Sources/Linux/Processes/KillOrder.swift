import CLinux
import Glibc

/// Which processes the kernel kills first when memory runs out. Source: `oom_score_adj` in proc(5).
package enum KillOrder {
  /// For workers: the kernel kills one of them before any other program's process. The coordinator reports its death.
  package static let early = 1000
  /// For the coordinator, which has to report what happened.
  package static let late = -500

  /// Sets `oom_score_adj` of this process; children inherit it. False when the kernel does not permit it:
  /// anyone may raise the value, but lowering it takes CAP_SYS_RESOURCE.
  ///
  /// - Parameter score: from -1000, which is never killed, to 1000, which is killed first.
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
