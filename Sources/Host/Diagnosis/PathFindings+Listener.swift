import Addressing
import Linux

extension PathFindings.Listener {
  /// The sockets, of these listening ones, that a SYN to an endpoint reaches: sockets on its very address go
  /// before sockets on all addresses (`compute_score` in net/ipv4/inet_hashtables.c). Nil when it reaches none.
  init?(_ sockets: [DiagnosedSocket], at endpoint: SocketAddress) {
    let endpoint = SocketAddress(endpoint.ip.unmapped, endpoint.port)
    let exact = sockets.filter { $0.local == endpoint }
    let chosen =
      exact.isEmpty
      ? sockets.filter { $0.listensEverywhere(for: endpoint) } : exact
    guard !chosen.isEmpty else { return nil }
    self.init(
      mostWaiting: chosen.reduce(0) { $0 + $1.waiting },
      backlog: chosen.reduce(0) { $0 + $1.backlog },
      drops: chosen.reduce(0 as Int?) { sum, socket in
        sum.flatMap { sum in socket.drops.map { sum + $0 } }
      })
    // Each socket has a queue of its own, and gets its share of the SYNs however many connections wait at the
    // others. So one full queue is enough.
    isFull = chosen.contains { $0.waiting > $0.backlog }
    for socket in chosen { dropsBySocket[socket.inode] = socket.drops }
    self.sockets = Set(chosen.map(\.inode))
  }
}

extension DiagnosedSocket {
  /// Whether this socket listens on all addresses, and gets a SYN to `address` where no socket listens on
  /// that very address.
  func listensEverywhere(for address: SocketAddress) -> Bool {
    local.port == address.port && local.ip.isEvery(like: address.ip)
      && (address.ip.isV6 || !isV6Only)
  }
}
