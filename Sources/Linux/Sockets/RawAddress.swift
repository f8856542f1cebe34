import Addressing
import CLinux
import Glibc

extension SocketAddress {
  /// Reads what the kernel or the C library wrote; nil where it is no address of IPv4 or IPv6.
  /// The scope of a link-local address is not kept.
  init?(raw: UnsafePointer<sockaddr>) {
    switch Int32(unsafe raw.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
      self.init(.v4(UInt32(bigEndian: v4.sin_addr.s_addr)), UInt16(bigEndian: v4.sin_port))
    case AF_INET6:
      let v6 = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
      let bits = unsafe withUnsafeBytes(of: v6.sin6_addr) { bytes in
        unsafe bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
      }
      self.init(.v6(bits), UInt16(bigEndian: v6.sin6_port))
    default:
      return nil
    }
  }
}
