import Addressing
import Linux

/// The accept queues at the endpoints of one network namespace: how many connections wait in them, and which
/// connections may be among these, whoever's they are.
struct QueuedConnections {
  let space: EndpointSpaces.Space
  /// How many connections wait.
  let waiting: Int
  /// Those of the endpoints' listening sockets that listen on all addresses. Connections to addresses that are
  /// no endpoint's may wait in their queues too.
  private let onAllAddresses: [DiagnosedSocket]
  /// The local addresses of all listening sockets with an endpoint's port. A connection to one of these
  /// addresses waits at the socket that has it, and not at a socket on all addresses.
  private let listenerAddresses: Set<SocketAddress>
  /// The namespace's endpoints, with IPv4-mapped IPv6 addresses written as IPv4.
  private let endpoints: Set<SocketAddress>

  /// - Parameter wasReached: whether SYNs to an endpoint have reached this socket at an earlier look of the phase.
  init(_ listening: EndpointSpaces.Listening, wasReached: (DiagnosedSocket) -> Bool) {
    space = listening.space
    let sockets = listening.sockets.filter {
      listening.reached.contains($0.inode) || wasReached($0)
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
    // No connection may meet two of the conditions: with more of them than fit into one request,
    // `SocketDiagnosis` might pass on that connection twice.
    let ports = Set(sharedPorts)
    return space.endpoints.filter { !ports.contains($0.port) }.map(SocketCondition.serves)
      + ports.map(SocketCondition.localPort)
  }

  /// Whether a connection to this address is in one of these queues until it is accepted.
  func canHold(arrivalAt address: SocketAddress) -> Bool {
    endpoints.contains(address)
      || !listenerAddresses.contains(address)
        && onAllAddresses.contains { $0.listensEverywhere(for: address) }
  }
}
