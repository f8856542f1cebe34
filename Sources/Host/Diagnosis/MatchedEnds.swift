import Addressing
import Linux
import SystemPackage

/// The addresses and ports of a connection's two ends.
struct ConnectionEnds: Hashable {
  let client: SocketAddress
  let server: SocketAddress

  var route: ConnectionRoute { ConnectionRoute(source: client.ip, server: server) }
}

/// One client address and one endpoint. NAT rules match addresses, so NAT treats all connections of a route
/// alike.
struct ConnectionRoute: Hashable {
  let source: IPAddress
  let server: SocketAddress
}

/// The client end of a connection, and its socket's inode.
struct ClientEnd {
  let ends: ConnectionEnds
  let inode: UInt32
}

/// Pairs the client ends of connections with the server ends that the kernels at the endpoints have.
struct MatchedEnds {
  /// Routes whose connections have all arrived with their own addresses and ports at an earlier look.
  private let routesWithoutNAT: Set<ConnectionRoute>
  /// Client ends that no server end was found for, with their sockets' inodes.
  private var unmatched: [ConnectionEnds: UInt32]
  private var accepted = 0
  private var waiting: [ClientEnd] = []
  private var deferred: [ClientEnd] = []
  /// Routes with at least one connection that has arrived with its own address and port.
  private(set) var routesWithMatches: Set<ConnectionRoute> = []
  /// Server ends with the address and port of none of the clients' connections.
  private var strangers: [State: [ConnectionEnds]] = [:]

  /// A client's port, as a server end at this address and port has it.
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
    /// It waits to be accepted, or its handshake has gone on for a second without an end, so that the kernel
    /// has sent the SYN-ACK again.
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

  /// What was found of the clients' connections.
  struct Found {
    var accepted = 0
    /// Of the accepted ones, the server ends whose client address NAT has rewritten.
    var behindNAT: Set<ConnectionEnds> = []
    /// Those whose server end no process has.
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

  /// What is found of the clients' connections. Call it when all kernels have been asked (`match`).
  ///
  /// - Parameters:
  ///   - before: endpoints at which connections had arrived with their own addresses at earlier looks.
  ///   - others: connections that are not the clients': those of this host's other programs, and those that
  ///     stood before the clients had any.
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
    // If the clients that are left have arrived, NAT has given them other ports, and any of the remaining server
    // ends at the same endpoint may be theirs. As many clients stay ambiguous as there are accepted or deferred
    // ends. Of the others, as many count as waiting as there are waiting ends. The rest have no server end.
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

  /// Whether another connection of the client's route has arrived without NAT. Then this one would arrive so, too.
  private func arrivesWithoutNAT(_ client: ClientEnd) -> Bool {
    routesWithMatches.contains(client.ends.route)
  }
}

extension ClientEnd {
  fileprivate init(_ element: (key: ConnectionEnds, value: UInt32)) {
    self.init(ends: element.key, inode: element.value)
  }
}

/// The client ends whose server end a process has at another address than the client connected to: NAT has
/// redirected these connections (DNAT, REDIRECT).
struct RedirectedEnds {
  private var inodes: Set<UInt32> = []

  /// - Parameters:
  ///   - clients: client ends whose server end is not at the endpoint.
  ///   - own: asks this host's kernel.
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
    // By a client's address and port, where processes have server ends of its connections.
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
