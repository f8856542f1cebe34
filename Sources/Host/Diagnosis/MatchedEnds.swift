import Addressing
import Linux
import SystemPackage

/// The two addresses of a connection.
struct ConnectionEnds: Hashable {
  let client: SocketAddress
  let server: SocketAddress

  var route: ConnectionRoute { ConnectionRoute(source: client.ip, server: server) }
}

/// One client address and one endpoint. NAT rules match addresses, so all connections of a route are
/// treated alike.
struct ConnectionRoute: Hashable {
  let source: IPAddress
  let server: SocketAddress
}

/// The client end of a connection, and its socket's inode.
struct ClientEnd {
  let ends: ConnectionEnds
  let inode: UInt32
}

/// Pairs the clients' ends of connections with the ends that the kernels at the endpoints have.
struct MatchedEnds {
  /// Routes whose connections have all arrived with their own addresses and ports at an earlier look.
  private let routesWithoutNAT: Set<ConnectionRoute>
  private var unmatched: [ConnectionEnds: UInt32]
  private var accepted = 0
  private var waiting: [ClientEnd] = []
  private var deferred: [ClientEnd] = []
  /// Routes with at least one connection that has arrived with its own address and port.
  private(set) var routesWithMatches: Set<ConnectionRoute> = []
  /// Server ends with the address and port of none of the clients' connections.
  private var strangers: [State: [ConnectionEnds]] = [:]

  /// A port of a client's at an address of the server.
  private struct PortAtServer: Hashable {
    let port: UInt16
    let server: SocketAddress
  }

  /// - Parameters:
  ///   - clients: the clients' ends, with their sockets' inodes.
  ///   - routesWithoutNAT: routes on which NAT rewrites neither address nor port.
  init(
    _ clients: [ConnectionEnds: UInt32], routesWithoutNAT: Set<ConnectionRoute>
  ) {
    self.routesWithoutNAT = routesWithoutNAT
    unmatched = clients
  }

  /// Takes all connections that a namespace's kernel has at its endpoints.
  mutating func match(_ space: EndpointSpaces.Space) throws(Errno) {
    try space.diagnosis.each(.established, anyOf: space.serverSideFilter) {
      take($0, $0.hasOwner ? .accepted : .waiting)
    }
    try space.diagnosis.each(.synReceived, anyOf: space.serverSideFilter) {
      take($0, $0.retransmits > 0 ? .waiting : .deferred)
    }
  }

  private enum State {
    /// A process has it.
    case accepted
    /// It waits to be accepted, or its handshake has gone on for a second without an end: then the kernel
    /// sends the SYN-ACK again.
    case waiting
    /// The kernel has not seen the end of its handshake yet, or does not hand it over until its first bytes
    /// come (TCP_DEFER_ACCEPT).
    case deferred
  }

  private mutating func take(_ socket: DiagnosedSocket, _ state: State) {
    let ends = ConnectionEnds(client: socket.remote, server: socket.local)
    if let inode = unmatched.removeValue(forKey: ends) {
      routesWithMatches.insert(ends.route)
      let end = ClientEnd(ends: ends, inode: inode)
      switch state {
      case .accepted: accepted += 1
      case .waiting: waiting.append(end)
      case .deferred: deferred.append(end)
      }
    } else {
      strangers[state, default: []].append(ends)
    }
  }

  var hasStrangers: Bool { !strangers.isEmpty }

  /// What became of the clients' ends.
  struct Found {
    var accepted = 0
    /// Of the accepted ones, the server ends whose client address NAT has rewritten.
    var behindNAT: Set<ConnectionEnds> = []
    /// Those that are at the server and that no process has.
    var waiting: [ClientEnd] = []
    /// The endpoint's kernel does not have them. No process has them, unless NAT has redirected them.
    var lost: [ClientEnd] = []
    /// Unknown: a socket at the server may be the other end, or another program's.
    var ambiguous: [ClientEnd] = []
    /// Unknown: no kernel that was asked has this connection, or any other to the same endpoint.
    var unreached: [ClientEnd] = []
    /// The listener waits for their first bytes (TCP_DEFER_ACCEPT).
    var deferred: [ClientEnd] = []
  }

  /// Routes on which every connection has arrived with its own address and port.
  var fullyMatched: Set<ConnectionRoute> {
    routesWithMatches.subtracting(unmatched.keys.lazy.map(\.route))
  }

  /// What is found when all kernels have been asked.
  ///
  /// - Parameters:
  ///   - before: addresses at which connections had arrived before.
  ///   - others: ends of this host's other programs, and what stood before: none of it is the clients'.
  func found(reachedBefore before: Set<SocketAddress>, others: Set<ConnectionEnds>) -> Found {
    var found = Found(accepted: accepted, waiting: waiting, deferred: deferred)
    var strangers: [State: [PortAtServer: [ConnectionEnds]]] = [:]
    for (state, ends) in self.strangers {
      strangers[state] = Dictionary(grouping: ends.lazy.filter { !others.contains($0) }) {
        PortAtServer(port: $0.client.port, server: $0.server)
      }
    }
    var left: [SocketAddress: [ClientEnd]] = [:]
    // NAT that rewrites an address keeps the port where the port is free, so an unmatched server end with a
    // client's port may be that client's. Each end goes to one client only. Clients on routes that show no
    // NAT come last: an end with a rewritten address more likely belongs to another client.
    let ends = unmatched.map(ClientEnd.init)
    for client in ends.filter({ !arrivesWithoutNAT($0) }) + ends.filter(arrivesWithoutNAT) {
      let port = PortAtServer(port: client.ends.client.port, server: client.ends.server)
      if routesWithoutNAT.contains(client.ends.route) {
        found.lost.append(client)
      } else if let ends = strangers[.accepted]?[port]?.popLast() {
        found.accepted += 1
        found.behindNAT.insert(ends)
      } else if strangers[.waiting]?[port]?.popLast() != nil {
        found.waiting.append(client)
      } else if strangers[.deferred]?[port]?.popLast() != nil {
        found.deferred.append(client)
      } else {
        left[port.server, default: []].append(client)
      }
    }
    // NAT has given the clients that are left other ports, and any of the remaining ends at the same endpoint
    // may be theirs. As many clients as there are accepted or deferred ends stay ambiguous. Of the others as
    // many count as waiting as there are waiting ends. The rest have no server end.
    func rest(_ states: State...) -> [SocketAddress: Int] {
      states.reduce(into: [:]) { rest, state in
        for (port, ends) in strangers[state] ?? [:] { rest[port.server, default: 0] += ends.count }
      }
    }
    let (undecided, waiting) = (rest(.accepted, .deferred), rest(.waiting))
    let arrived = before.union(routesWithMatches.map(\.server))
    for (server, clients) in left {
      var clients = clients[...]
      found.ambiguous += clients.prefix(undecided[server] ?? 0)
      clients = clients.dropFirst(undecided[server] ?? 0)
      found.waiting += clients.prefix(waiting[server] ?? 0)
      clients = clients.dropFirst(waiting[server] ?? 0)
      if arrived.contains(server) { found.lost += clients } else { found.unreached += clients }
    }
    return found
  }

  /// Whether another connection of the client's route has arrived without NAT, so this one would as well.
  private func arrivesWithoutNAT(_ client: ClientEnd) -> Bool {
    routesWithMatches.contains(client.ends.route)
  }
}

extension ClientEnd {
  fileprivate init(_ element: (key: ConnectionEnds, value: UInt32)) {
    self.init(ends: element.key, inode: element.value)
  }
}

/// The clients' ends whose other end a process has at another address than they connected to: NAT has
/// redirected them (DNAT, REDIRECT).
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
    // Connections whose client end a process of this host has. A server end with the same two addresses is
    // the other end of such a connection, so NAT has not redirected it.
    var notRedirected: Set<ConnectionEnds> = []
    try own.each(.established, anyOf: sources.map(SocketCondition.localAddress)) { socket in
      if socket.hasOwner {
        notRedirected.insert(ConnectionEnds(client: socket.local, server: socket.remote))
      }
    }
    var found: [SocketAddress: Set<SocketAddress>] = [:]
    for space in spaces {
      try space.diagnosis.each(.established, anyOf: sources.map(SocketCondition.remoteAddress)) {
        let ends = ConnectionEnds(client: $0.remote, server: $0.local)
        if $0.hasOwner, !notRedirected.contains(ends) {
          found[ends.client, default: []].insert(ends.server)
        }
      }
    }
    inodes = Set(
      clients.lazy.filter { client in
        found[client.ends.client]?.contains { $0 != client.ends.server } ?? false
      }.map(\.inode))
  }

  func contains(_ client: ClientEnd) -> Bool { inodes.contains(client.inode) }
}
