import Addressing
import Linux

/// The connections that wait to be accepted at the endpoints of one network namespace, and the queues in
/// which other programs' connections may wait among them.
struct QueuedConnections {
  let space: EndpointSpaces.Space
  /// How many connections wait.
  let waiting: Int
  /// Those of the endpoints' listening sockets that listen on all addresses. Connections to other addresses
  /// than the endpoints' may wait there too.
  private let onAllAddresses: [DiagnosedSocket]
  /// The addresses of all listening sockets with an endpoint's port. A connection to one of them waits at
  /// that very socket, and not at one on all addresses.
  private let listenerAddresses: Set<SocketAddress>
  /// The namespace's endpoints; IPv4 addresses written as IPv6 are unmapped.
  private let endpoints: Set<SocketAddress>

  /// - Parameter hasLedTo: whether an endpoint has led to this socket at an earlier look.
  init(_ listening: EndpointSpaces.Listening, hasLedTo: (DiagnosedSocket) -> Bool) {
    space = listening.space
    let sockets = listening.sockets.filter {
      listening.reached.contains($0.inode) || hasLedTo($0)
    }
    waiting = sockets.reduce(0) { $0 + $1.waiting }
    onAllAddresses = sockets.filter(\.local.ip.isUnspecified)
    listenerAddresses = Set(listening.sockets.map(\.local))
    endpoints = Set(space.endpoints.map { SocketAddress($0.ip.unmapped, $0.port) })
  }

  /// The ports of listeners on all addresses: connections to any address may wait there.
  var sharedPorts: [UInt16] { onAllAddresses.map(\.local.port) }

  /// Matches every connection that may be in one of the queues.
  var filter: [SocketCondition] {
    // No two conditions that one connection meets: of more than `SocketDiagnosis` asks for at once, it would
    // be passed on twice.
    let ports = Set(sharedPorts)
    return space.endpoints.filter { !ports.contains($0.port) }.map(SocketCondition.serves)
      + ports.map(SocketCondition.localPort)
  }

  /// Whether a connection that arrives at this address waits in one of the queues.
  func canHold(arrivalAt address: SocketAddress) -> Bool {
    endpoints.contains(address)
      || !listenerAddresses.contains(address)
        && onAllAddresses.contains { $0.listensEverywhere(for: address) }
  }
}
