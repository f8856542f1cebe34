import CLinux
import Glibc
package import SystemPackage

/// Traffic of this host to itself.
package enum Loopback {
  /// Sends empty datagrams over loopback. Each goes from a socket of its own to that same socket, so nobody else
  /// gets one. Source: udp(7).
  package static func sendDatagrams(_ count: Int) throws(Errno) {
    for _ in 0..<count {
      let descriptor = socket(
        AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { throw lastError }
      let sent = sendToItself(descriptor)
      let error = lastError
      close(descriptor)
      guard sent else { throw error }
    }
  }

  private static func sendToItself(_ descriptor: Int32) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    // 127.0.0.1, and a port of the kernel's choice.
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let raw = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return unsafe bind(descriptor, raw, size) == 0
        && getsockname(descriptor, raw, &size) == 0
        && sendto(descriptor, "", 0, 0, raw, size) == 0
    }
  }
}
