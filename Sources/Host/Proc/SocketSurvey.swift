package import Addressing
import Linux

/// Sockets that exist before a run and may stand in its way.
package struct SocketSurvey: Sendable, Equatable {
  /// Endpoints at which somebody listens already, on the endpoint's address or on all addresses.
  package var taken: [SocketAddress] = []
  /// Pairs of source address and source port that have a connection in TIME_WAIT.
  package var inTimeWait = 0
  /// Tuples of source address, source port and endpoint that the run cannot use because of TIME_WAIT.
  package var blockedPairs = 0

  package init() {}

  /// Asks the kernel. Where the kernel does not tell, nothing is found.
  ///
  /// A tuple in TIME_WAIT can be connected again at once where both ends have timestamps and the client has
  /// bound its socket to the source port itself, as a run's clients do (`__inet_hash_connect` in
  /// net/ipv4/inet_hashtables.c). `tcp_tw_reuse` does not matter then.
  ///
  /// But a port whose last socket had no SO_REUSEADDR cannot be bound until TIME_WAIT is over. No file tells
  /// which sockets had that option, so a bind is tried on each port.
  ///
  /// - Parameters:
  ///   - listeners: where the run's own server is to listen.
  ///   - sources, ports, endpoints: what the clients connect from and to.
  ///   - hasTimestamps: whether this host uses TCP timestamps (`net.ipv4.tcp_timestamps`).
  package init(
    listeners: [SocketAddress], sources: [IPAddress], ports: PortSet,
    endpoints: [SocketAddress], hasTimestamps: Bool
  ) {
    guard let diagnosis = try? SocketDiagnosis() else { return }
    var listening: [DiagnosedSocket] = []
    let wanted = Set(listeners.map(\.port)).map(SocketCondition.localPort)
    try? diagnosis.each(.listen, anyOf: wanted) { listening.append($0) }
    taken = listeners.filter { PathFindings.Listener(listening, at: $0) != nil }

    let targets = Set(endpoints)
    var waits: [(source: SocketAddress, endpoint: SocketAddress)] = []
    try? diagnosis.each(.timeWait, anyOf: sources.map(SocketCondition.localAddress)) { socket in
      guard ports.contains(socket.local.port) else { return }
      waits.append((socket.local, socket.remote))
    }
    let bySource = Dictionary(grouping: waits) { $0.source }
    inTimeWait = bySource.count
    for (source, waits) in bySource {
      if !Self.canBind(source) {
        blockedPairs += targets.count
      } else if !hasTimestamps {
        blockedPairs += waits.count { targets.contains($0.endpoint) }
      }
    }
  }

  /// Binds a socket as a client does, and closes it at once. True also where no socket can be made: then nothing
  /// is known against the source.
  private static func canBind(_ source: SocketAddress) -> Bool {
    guard let socket = try? Socket.open(v6: source.ip.isV6) else { return true }
    defer { Socket.close(socket) }
    guard (try? Socket.reuseAddress(socket)) != nil else { return true }
    return (try? Socket.bind(socket, to: source)) != nil
  }
}

extension IPAddress {
  /// Whether this is the unspecified address that stands for `other` as well: 0.0.0.0 for all of
  /// IPv4, `::` for all of both families.
  func isEvery(like other: IPAddress) -> Bool {
    switch self {
    case .v4(let bits): bits == 0 && !other.isV6
    case .v6(let bits): bits == 0
    }
  }
}
