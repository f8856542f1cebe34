import Glibc
package import SystemPackage

/// A kernel setting under /proc/sys. Source: sysctl(8).
package enum SystemSetting {
  /// Sets a value, as `sysctl -w` does. Every dot in the name stands for a slash, so a setting whose path has a dot
  /// in it cannot be named.
  package static func write(_ value: String, to name: String) throws(Errno) {
    let path = "/proc/sys/" + name.map { $0 == "." ? "/" : String($0) }.joined()
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw lastError }
    defer { close(descriptor) }
    var text = value + "\n"
    let count = text.withUTF8 { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw lastError }
  }
}
