import Addressing
import Linux
import SystemPackage

/// The two addresses of a connection.
struct ConnectionEnds: Hashable {
  let client: SocketAddress
  let server: SocketAddress
}

/// An end of one of the clients' connections, and the number of its socket.
struct ClientEnd {
  let ends: ConnectionEnds
  let inode: UInt32
}

/// Holds the clients' ends of connections against the ends that the kernels at the endpoints have.
struct MatchedEnds {
  private let sources: Set<IPAddress>
  /// Ends of this host's programs from other addresses, and what stood before: none of it is translated.
  private let others: Set<ConnectionEnds>
  private var unmatched: [ConnectionEnds: UInt32]
  private var accepted = 0
  private var waiting: [ClientEnd] = []
  private var deferred: [ClientEnd] = []
  /// Addresses at which the clients' connections have arrived under their own, and from where.
  private(set) var reached: [SocketAddress: Set<IPAddress>] = [:]
  /// What has arrived from none of the sources, and not from this host's programs.
  private var strangers: [Place: (accepted: [ConnectionEnds], waiting: Int)] = [:]

  /// A port of a client's at an address of the server.
  private struct Place: Hashable {
    let port: UInt16
    let server: SocketAddress
  }

  /// - Parameter clients: the clients' ends, with the numbers of their sockets.
  init(
    _ clients: [ConnectionEnds: UInt32], from sources: Set<IPAddress>, others: Set<ConnectionEnds>
  ) {
    self.sources = sources
    self.others = others
    unmatched = clients
  }

  /// Takes all of the connections that a kernel has at some endpoints.
  mutating func match(_ space: EndpointSpaces.Space) throws(Errno) {
    try space.diagnosis.each(.established, anyOf: space.here) {
      take($0, $0.hasOwner ? .accepted : .waiting)
    }
    try space.diagnosis.each(.synReceived, anyOf: space.here) {
      take($0, $0.retransmits > 0 ? .waiting : .deferred)
    }
  }

  private enum State {
    /// A process has it.
    case accepted
    /// It waits to be accepted, or the end of its handshake has not been seen for a second: then the
    /// kernel sends its SYN-ACK again.
    case waiting
    /// The end of its handshake has not been seen yet, or is not handed over until its first bytes come
    /// (TCP_DEFER_ACCEPT).
    case deferred
  }

  private mutating func take(_ socket: DiagnosedSocket, _ state: State) {
    let ends = ConnectionEnds(client: socket.remote, server: socket.local)
    if let inode = unmatched.removeValue(forKey: ends) {
      reached[ends.server, default: []].insert(ends.client.ip)
      let end = ClientEnd(ends: ends, inode: inode)
      switch state {
      case .accepted: accepted += 1
      case .waiting: waiting.append(end)
      case .deferred: deferred.append(end)
      }
    } else if !sources.contains(ends.client.ip), !others.contains(ends) {
      let place = Place(port: ends.client.port, server: ends.server)
      if state == .waiting {
        strangers[place, default: ([], 0)].waiting += 1
      } else {
        strangers[place, default: ([], 0)].accepted.append(ends)
      }
    }
  }

  /// What became of the clients' ends.
  struct Found {
    var accepted = 0
    /// Of the accepted ones, what they are at the server, where a rule translates their addresses.
    var translated: Set<ConnectionEnds> = []
    /// Those that are at the server and that no process has.
    var waiting: [ClientEnd] = []
    /// Those of which nothing is at the server. No process has them, unless a rule has led them elsewhere.
    var lost: [ClientEnd] = []
    /// Nobody can tell: nothing that the kernels have has to do with them, nor with any other connection
    /// to the same address; or others' ends may be theirs.
    var unknown: [ClientEnd] = []
    /// A listener waits for their first bytes.
    var deferred: [ClientEnd] = []
  }

  /// What is found when all kernels have been asked.
  ///
  /// - Parameter before: addresses at which connections had arrived before.
  func found(reachedBefore before: Set<SocketAddress>) -> Found {
    var found = Found(accepted: accepted, waiting: waiting, deferred: deferred)
    var (strangers, left) = (strangers, [SocketAddress: [ClientEnd]]())
    // A rule that translates an address leaves the port as it is, where nobody else has it. Each end
    // stands for one connection.
    let ends = unmatched.map(ClientEnd.init)
    for client in ends.filter({ !arrivesAsItIs($0) }) + ends.filter(arrivesAsItIs) {
      let place = Place(port: client.ends.client.port, server: client.ends.server)
      if let ends = strangers[place]?.accepted.popLast() {
        found.accepted += 1
        found.translated.insert(ends)
      } else if strangers[place]?.waiting ?? 0 > 0 {
        strangers[place]?.waiting -= 1
        found.waiting.append(client)
      } else {
        left[place.server, default: []].append(client)
      }
    }
    // Else it has another port, and any end may be its own.
    var others: [SocketAddress: Int] = [:]
    for (place, ends) in strangers {
      others[place.server, default: 0] += ends.accepted.count + ends.waiting
    }
    for (server, clients) in left {
      let isReached = before.contains(server) || reached[server] != nil
      let some = isReached ? others[server] ?? 0 : clients.count
      found.unknown += clients.prefix(some)
      found.lost += clients.dropFirst(some)
    }
    return found
  }

  /// Rules go by addresses: where others of a source arrive as they are, this one would, too.
  private func arrivesAsItIs(_ client: ClientEnd) -> Bool {
    reached[client.ends.server]?.contains(client.ends.client.ip) ?? false
  }
}

extension ClientEnd {
  fileprivate init(_ element: (key: ConnectionEnds, value: UInt32)) {
    self.init(ends: element.key, inode: element.value)
  }
}

/// The clients' ends whose other end a process has at another address than they were connected to: a rule
/// has led them there.
struct RedirectedEnds {
  private var inodes: Set<UInt32> = []

  /// - Parameters:
  ///   - clients: ends whose other end is not at its endpoint.
  ///   - own: this host's kernel.
  init(
    of clients: [ClientEnd], in spaces: [EndpointSpaces.Space], own: SocketDiagnosis
  ) throws(Errno) {
    guard !clients.isEmpty else { return }
    let sources = Set(clients.map(\.ends.client.ip))
    // A program may have connections to others from the same address and port.
    var whole: Set<ConnectionEnds> = []
    try own.each(.established, anyOf: sources.map(SocketCondition.localAddress)) { socket in
      if socket.hasOwner {
        whole.insert(ConnectionEnds(client: socket.local, server: socket.remote))
      }
    }
    var found: Set<SocketAddress> = []
    for space in spaces {
      try space.diagnosis.each(.established, anyOf: sources.map(SocketCondition.remoteAddress)) {
        let ends = ConnectionEnds(client: $0.remote, server: $0.local)
        if $0.hasOwner, !whole.contains(ends) { found.insert($0.remote) }
      }
    }
    inodes = Set(clients.lazy.filter { found.contains($0.ends.client) }.map(\.inode))
  }

  func contains(_ client: ClientEnd) -> Bool { inodes.contains(client.inode) }
}
