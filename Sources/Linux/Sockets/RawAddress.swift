import Addressing
import CLinux
import Glibc

extension SocketAddress {
  /// Reads an address that the kernel or the C library wrote; nil where it is neither IPv4 nor IPv6.
  /// The scope of a link-local address is not kept.
  init?(raw: UnsafePointer<sockaddr>) {
    switch Int32(unsafe raw.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
      self.init(.v4(UInt32(bigEndian: v4.sin_addr.s_addr)), UInt16(bigEndian: v4.sin_port))
    case AF_INET6:
      let v6 = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
      self.init(IPAddress(v6), UInt16(bigEndian: v6.sin6_port))
    default:
      return nil
    }
  }
}

extension IPAddress {
  /// Reads an address of either family that the kernel wrote into a `sockaddr_in6`.
  init(_ raw: sockaddr_in6) {
    if raw.sin6_family == sa_family_t(AF_INET) {
      // An IPv4 address lies where IPv6 has its flow information.
      self = .v4(UInt32(bigEndian: raw.sin6_flowinfo))
    } else {
      let bits = unsafe withUnsafeBytes(of: raw.sin6_addr) {
        unsafe $0.loadUnaligned(as: UInt128.self)
      }
      self = .v6(UInt128(bigEndian: bits))
    }
  }
}
