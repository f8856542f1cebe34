#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// An IPv4 or IPv6 address, in host byte order.
package enum IPAddress: Sendable, Hashable, BitwiseCopyable {
  case v4(UInt32)
  case v6(UInt128)

  /// Reads dotted decimal (IPv4) or RFC 4291 text (IPv6); nil when the text is neither.
  package init?(_ text: String) {
    // `inet_pton` stops at a zero byte, so it would accept a text that goes on behind one.
    guard !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    if unsafe inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
      return
    }
    var v6 = in6_addr()
    guard unsafe inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    let bits = unsafe withUnsafeBytes(of: &v6) { bytes in
      unsafe bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
    }
    self = .v6(bits)
  }

  /// The address `offset` places further on; nil past the end of the address space, and for a
  /// negative offset.
  package func advanced(by offset: Int) -> IPAddress? {
    switch self {
    case .v4(let bits):
      let (sum, overflow) = bits.addingReportingOverflow(UInt32(clamping: offset))
      return overflow || offset < 0 || offset > UInt32.max ? nil : .v4(sum)
    case .v6(let bits):
      let (sum, overflow) = bits.addingReportingOverflow(UInt128(clamping: offset))
      return overflow || offset < 0 ? nil : .v6(sum)
    }
  }

  package var isLoopback: Bool {
    switch self {
    case .v4(let bits): bits >> 24 == 127
    case .v6(let bits): bits == 1
    }
  }

  /// 0.0.0.0 or `::`: to a listener every address of its host, to a client the host itself.
  package var isUnspecified: Bool {
    switch self {
    case .v4(let bits): bits == 0
    case .v6(let bits): bits == 0
    }
  }

  /// The IPv4 address of an IPv4-mapped one (RFC 4291, 2.5.5.2); any other address as it is.
  package var unmapped: IPAddress {
    if case .v6(let bits) = self, bits >> 32 == 0xFFFF {
      return .v4(UInt32(truncatingIfNeeded: bits))
    }
    return self
  }

  /// Loopback, private or link-local: RFC 1918, RFC 3927, RFC 4193, RFC 4291.
  package var isNearby: Bool {
    switch self {
    case .v4(let bits):
      bits >> 24 == 127 || bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8
        || bits >> 16 == 0xA9FE
    case .v6(let bits):
      bits == 1 || bits >> 121 == 0b1111_110 || bits >> 118 == 0b11_1111_1010
    }
  }

  package var isV6: Bool {
    if case .v6 = self { true } else { false }
  }
}

extension IPAddress: CustomStringConvertible {
  package var description: String {
    switch self {
    case .v4(let bits):
      return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    case .v6(let bits):
      var address = in6_addr()
      unsafe withUnsafeMutableBytes(of: &address) { bytes in
        for index in 0..<16 {
          unsafe bytes[index] = UInt8(truncatingIfNeeded: bits >> UInt128(8 * (15 - index)))
        }
      }
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      _ = unsafe inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
