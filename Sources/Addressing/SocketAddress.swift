/// An address and a port: `127.0.0.1:9000` or `[::1]:9000`.
package struct SocketAddress: Sendable, Hashable {
  package var ip: IPAddress
  package var port: UInt16

  package init(_ ip: IPAddress, _ port: UInt16) {
    self.ip = ip
    self.port = port
  }

  /// Reads `ADDRESS:PORT`, with an IPv6 address in brackets; nil for any other text. An IPv4 address
  /// may have brackets, too.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(digits: text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard let ip = IPAddress(String(host)) else { return nil }
    self.init(ip, port)
  }
}

extension SocketAddress: CustomStringConvertible {
  package var description: String { ip.isV6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}
