import Addressing
import Linux

/// What waits to be accepted at the endpoints of one network namespace, and whom it may belong to.
struct QueuedConnections {
  let space: EndpointSpaces.Space
  let waiting: Int
  /// Listeners on all addresses: others may wait there that have connected to another address than the endpoint.
  private let onAllAddresses: [DiagnosedSocket]
  /// Addresses that have listeners of their own, at which those who connect there wait.
  private let exact: Set<SocketAddress>
  private let endpoints: Set<SocketAddress>

  /// - Parameter hasLedTo: whether an endpoint has led to a socket before.
  init(_ listening: EndpointSpaces.Listening, hasLedTo: (DiagnosedSocket) -> Bool) {
    space = listening.space
    let sockets = listening.sockets.filter {
      listening.reached.contains($0.inode) || hasLedTo($0)
    }
    waiting = sockets.reduce(0) { $0 + $1.waiting }
    onAllAddresses = sockets.filter(\.local.ip.isUnspecified)
    exact = Set(listening.sockets.map(\.local))
    endpoints = Set(space.endpoints.map { SocketAddress($0.ip.unmapped, $0.port) })
  }

  /// The ports at which connections to any address may wait.
  var sharedPorts: [UInt16] { onAllAddresses.map(\.local.port) }

  /// Matches whatever may wait there.
  var filter: [SocketCondition] {
    space.serverSideFilter + Set(sharedPorts).map(SocketCondition.localPort)
  }

  /// Whether what arrives at an address comes to the endpoints' listeners.
  func canHold(arrivalAt address: SocketAddress) -> Bool {
    endpoints.contains(address)
      || !exact.contains(address)
        && onAllAddresses.contains { $0.listensEverywhere(for: address) }
  }
}
