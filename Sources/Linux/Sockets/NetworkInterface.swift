package import Addressing
import CLinux
import Glibc
package import SystemPackage

/// A network interface of this host. Source: getifaddrs(3).
package struct NetworkInterface: Sendable, Equatable {
  package let name: String
  /// In the order of the kernel. Link-local addresses of IPv6 are left out: they mean nothing without
  /// their interface, which a `SocketAddress` does not carry.
  package var addresses: [IPAddress]

  package init(name: String, addresses: [IPAddress]) {
    self.name = name
    self.addresses = addresses
  }

  /// All interfaces, in the order of the kernel, also those without an address.
  package static func all() throws(Errno) -> [NetworkInterface] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { throw lastError }
    defer { unsafe freeifaddrs(list) }
    var found: [NetworkInterface] = []
    var next = unsafe list
    while let entry = unsafe next {
      let name = unsafe Self.name(ofLabel: String(cString: entry.pointee.ifa_name))
      let place = found.firstIndex { $0.name == name } ?? found.count
      if place == found.count { found.append(NetworkInterface(name: name, addresses: [])) }
      if let raw = unsafe entry.pointee.ifa_addr, let address = unsafe SocketAddress(raw: raw),
        !address.ip.isLinkLocalV6
      {
        found[place].addresses.append(address.ip)
      }
      unsafe next = entry.pointee.ifa_next
    }
    return found
  }

  /// The interface whose address has this label. glibc hands out labels instead of names: an address of IPv4 may
  /// have one of its own, as in `ip address add … label eth0:web`. It begins with the interface's name, in which the
  /// kernel allows no colon.
  static func name(ofLabel label: String) -> String {
    String(label.prefix { $0 != ":" })
  }
}

extension IPAddress {
  /// fe80::/10.
  fileprivate var isLinkLocalV6: Bool {
    if case .v6(let bits) = self { bits >> 118 == 0b11_1111_1010 } else { false }
  }
}
