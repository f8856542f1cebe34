package import Addressing
import CLinux
import Glibc

/// Looks up a host's addresses by its name. Source: getaddrinfo(3).
package enum NameLookup {
  /// Why a name has no address, in the words of the C library.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let reason: String

    package init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }

    package var description: String { "\(name) has no address: \(reason)" }
  }

  /// All addresses of a host, each once, in the order in which the C library prefers them. The library
  /// asks whatever this host is set up to ask, such as DNS servers, so a lookup may take seconds. Where the
  /// name is an address in text, the library asks nobody.
  package static func addresses(of name: String) throws(Failure) -> [IPAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(name, nil, &hints, &list)
    let systemError = errno
    guard code == 0 else {
      let reason =
        code == EAI_SYSTEM
        ? ErrnoName.text(of: systemError) : unsafe String(cString: gai_strerror(code))
      throw Failure(name: name, reason: reason)
    }
    defer { unsafe freeaddrinfo(list) }
    var found: [IPAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let raw = unsafe entry.pointee.ai_addr, let address = unsafe SocketAddress(raw: raw),
        !found.contains(address.ip)
      {
        found.append(address.ip)
      }
      unsafe next = entry.pointee.ai_next
    }
    guard !found.isEmpty else { throw Failure(name: name, reason: "it has none of IPv4 or IPv6") }
    return found
  }
}
