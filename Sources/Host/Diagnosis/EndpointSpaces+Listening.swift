import Addressing
import Linux
import SystemPackage

extension EndpointSpaces {
  /// The sockets that listen in a network namespace at the endpoints' ports.
  struct Listening {
    let space: Space
    let sockets: [DiagnosedSocket]
    /// Each endpoint of the namespace with its listener; nil where nobody listens.
    let endpoints: [(endpoint: NamespacedEndpoint, listener: PathFindings.Listener?)]
    /// The inodes of the sockets that a SYN to some endpoint reaches.
    let reached: Set<UInt32>

    fileprivate init(_ space: Space, _ sockets: [DiagnosedSocket]) {
      self.space = space
      self.sockets = sockets
      // A SYN reaches sockets on its very address before those on all addresses.
      let byAddress = Dictionary(grouping: sockets, by: \.local)
      let onAllAddresses = sockets.filter(\.local.ip.isUnspecified)
      endpoints = space.endpoints.map { endpoint in
        let address = SocketAddress(endpoint.ip.unmapped, endpoint.port)
        let listener = PathFindings.Listener(byAddress[address] ?? onAllAddresses, at: endpoint)
        return (space.namespaced(endpoint), listener)
      }
      reached = endpoints.reduce(into: []) { $0.formUnion($1.listener?.sockets ?? []) }
    }
  }

  /// Finds out who listens. Namespaces whose kernel does not answer are left out.
  static func listening(in spaces: [Space]) -> [Listening] {
    spaces.compactMap { space in
      var sockets: [DiagnosedSocket] = []
      let ports = Set(space.endpoints.map(\.port)).map(SocketCondition.localPort)
      do throws(Errno) {
        try space.diagnosis.each(.listen, anyOf: ports) { sockets.append($0) }
      } catch {
        // A kernel without INET_DIAG says nothing. That does not mean that nobody listens.
        return nil
      }
      return Listening(space, sockets)
    }
  }

  /// The endpoints' listeners. Left out are endpoints at which nobody listens, and those whose kernel does not
  /// answer.
  static func listeners(
    in spaces: [Space]
  ) -> [(endpoint: NamespacedEndpoint, listener: PathFindings.Listener)] {
    listening(in: spaces).flatMap(\.endpoints).compactMap { known in
      known.listener.map { (known.endpoint, $0) }
    }
  }
}
