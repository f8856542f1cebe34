package import Addressing

/// What `/proc/net/tcp` says of sockets that are there before a run.
///
/// Its cost grows with the number of sockets, so it is never read during a run.
/// Source: Documentation/networking/proc_net_tcp.rst.
package struct TCPTable: Sendable {
  package enum State: UInt8, Sendable {
    case timeWait = 6
    case listen = 10
  }

  package struct Socket: Sendable, Equatable {
    package var local: SocketAddress
    package var state: UInt8
  }

  package let sockets: [Socket]

  /// Reads the text of `/proc/net/tcp` or `/proc/net/tcp6`. What is no socket is left out.
  package init(_ texts: String...) {
    sockets = texts.flatMap { text in
      text.split(separator: "\n").dropFirst().compactMap { Self.socket(String($0)) }
    }
  }

  /// Whether somebody listens where this endpoint would, on its address or on all of them.
  package func hasListener(on endpoint: SocketAddress) -> Bool {
    sockets.contains {
      $0.state == State.listen.rawValue && $0.local.port == endpoint.port
        && ($0.local.ip == endpoint.ip || $0.local.ip.isEvery(like: endpoint.ip))
    }
  }

  /// Source ports of these addresses that wait in TIME_WAIT.
  package func timeWaits(of sources: Set<IPAddress>) -> Int {
    sockets.count { $0.state == State.timeWait.rawValue && sources.contains($0.local.ip) }
  }

  private static func socket(_ line: String) -> Socket? {
    let fields = line.split(separator: " ")
    guard fields.count > 3, let local = address(fields[1]), let state = UInt8(fields[3], radix: 16)
    else { return nil }
    return Socket(local: local, state: state)
  }

  /// Words of 32 bits in the byte order of the machine, which is little-endian on all that run
  /// Swift.
  private static func address(_ text: Substring) -> SocketAddress? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, [8, 32].contains(parts[0].utf8.count),
      let port = UInt16(parts[1], radix: 16)
    else { return nil }
    var rest = parts[0]
    var words: [UInt32] = []
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      words.append(word.byteSwapped)
      rest = rest.dropFirst(8)
    }
    guard words.count > 1 else { return SocketAddress(.v4(words[0]), port) }
    // An IPv6 socket that speaks IPv4 has its address mapped: ::ffff:127.0.0.1.
    if words[..<3] == [0, 0, 0xFFFF] { return SocketAddress(.v4(words[3]), port) }
    return SocketAddress(.v6(words.reduce(0) { $0 << 32 | UInt128($1) }), port)
  }
}

extension IPAddress {
  /// Stands for every address of the other one's family; that of IPv6 for those of IPv4 as well.
  fileprivate func isEvery(like other: IPAddress) -> Bool {
    switch self {
    case .v4(let bits): bits == 0 && !other.isV6
    case .v6(let bits): bits == 0
    }
  }
}
