package import Addressing

/// An IPv6 address that an interface has and that no socket can be bound to. The kernel first asks whether another
/// host on the link has the address, which takes about a second (RFC 4862, duplicate address detection). On an
/// interface without a link it does not begin to ask, and the address stays unusable.
package struct UnusableAddress: Sendable, Equatable {
  package let address: IPAddress
  /// The length of the prefix, in bits.
  package let prefix: Int
  package let interface: String
  /// Whether another host has answered. The interface keeps the address, and the kernel never uses it.
  package let isDuplicate: Bool

  /// Reads the text of `/proc/net/if_inet6`: address, index, prefix, scope and flags in hexadecimal digits,
  /// then the interface's name.
  static func all(in text: String) -> [UnusableAddress] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 6, let bits = UInt128(words[0], radix: 16),
        let prefix = Int(words[2], radix: 16), let flags = Int(words[4], radix: 16),
        flags & (tentative | failed) != 0, flags & optimistic == 0
      else { return nil }
      return UnusableAddress(
        address: .v6(bits), prefix: prefix, interface: String(words[5]),
        isDuplicate: flags & failed != 0)
    }
  }

  // IFA_F_ of include/uapi/linux/if_addr.h. An optimistic address is used while the kernel still asks.
  private static let (optimistic, failed, tentative) = (0x04, 0x08, 0x40)
}
