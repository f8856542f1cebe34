import Glibc
package import SystemPackage

/// A kernel setting under /proc/sys, as `sysctl` writes it. Source: sysctl(8).
package enum SystemSetting {
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
