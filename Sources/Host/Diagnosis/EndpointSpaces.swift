import Addressing
import Linux
import SystemPackage

/// The network namespaces whose kernels are asked about the endpoints: this process's own for addresses
/// that it has, and for others the one that the clients' connections arrive in.
///
/// Any number of containers may have the same private address, and another machine as well. So what
/// merely has an endpoint's address is a candidate. It is believed once it has connections from the
/// clients' sources and no other candidate has; before there are any, the only one that listens is.
final class EndpointSpaces {
  struct Space {
    let diagnosis: SocketDiagnosis
    var endpoints: [SocketAddress]
  }

  private let sources: Set<IPAddress>
  private let own: SocketDiagnosis?
  /// Endpoints whose namespace is certain.
  private var certain: [Space]
  /// Namespaces that have addresses of the other endpoints.
  private var candidates: [Space] = []
  /// Those that this process's own namespace has.
  let ownEndpoints: [SocketAddress]

  init(of endpoints: [SocketAddress], sources: Set<IPAddress>, own: SocketDiagnosis?) {
    self.sources = sources
    self.own = own
    ownEndpoints = Self.endpointsHere(of: endpoints)
    let here = Set(ownEndpoints)
    let rest = endpoints.filter { !here.contains($0) }
    certain =
      own.map { [Space(diagnosis: $0, endpoints: endpoints.filter { here.contains($0) })] } ?? []
    guard !rest.isEmpty else { return }
    NetworkNamespace.visitOthers {
      let there = Self.endpointsHere(of: rest)
      if !there.isEmpty, let diagnosis = try? SocketDiagnosis() {
        candidates.append(Space(diagnosis: diagnosis, endpoints: there))
      }
      return false
    }
  }

  private static func endpointsHere(of endpoints: [SocketAddress]) -> [SocketAddress] {
    let addresses = Set(((try? NetworkInterface.all()) ?? []).flatMap(\.addresses))
    return endpoints.filter { $0.ip.isLoopback || addresses.contains($0.ip) }
  }

  /// The namespaces that are believed, each with the endpoints that it is believed of.
  func known() -> [Space] {
    guard !candidates.isEmpty else { return certain }
    var provisional: [Space] = []
    for endpoint in Set(candidates.flatMap(\.endpoints)) {
      let having = candidates.filter { $0.endpoints.contains(endpoint) }
      let reached = having.filter { has(.established.union(.synReceived), of: endpoint, in: $0) }
      if let space = reached.first, reached.count == 1 {
        decide(endpoint, for: space)
      } else if reached.isEmpty, !clientsHold(endpoint) {
        let listening = having.filter { listens(at: endpoint, in: $0) }
        let likely = listening.isEmpty ? having : listening
        if likely.count == 1 {
          provisional.append(Space(diagnosis: likely[0].diagnosis, endpoints: [endpoint]))
        }
      }
    }
    return certain + provisional
  }

  private func decide(_ endpoint: SocketAddress, for space: Space) {
    for index in candidates.indices { candidates[index].endpoints.removeAll { $0 == endpoint } }
    candidates.removeAll(where: \.endpoints.isEmpty)
    certain.append(Space(diagnosis: space.diagnosis, endpoints: [endpoint]))
  }

  /// Whether the namespace has the server's side of a connection from the sources.
  private func has(_ states: TCPStates, of endpoint: SocketAddress, in space: Space) -> Bool {
    var isFound = false
    try? space.diagnosis.each(states, anyOf: [.local(endpoint)]) { [sources] socket in
      if sources.contains(socket.remote.ip) { isFound = true }
    }
    return isFound
  }

  /// Whether this host has the clients' side of one: then it arrived somewhere.
  private func clientsHold(_ endpoint: SocketAddress) -> Bool {
    var isFound = false
    try? own?.each(.established, anyOf: [.remote(endpoint)]) { [sources] socket in
      if sources.contains(socket.local.ip) { isFound = true }
    }
    return isFound
  }

  private func listens(at endpoint: SocketAddress, in space: Space) -> Bool {
    var sockets: [DiagnosedSocket] = []
    try? space.diagnosis.each(.listen, anyOf: [.localPort(endpoint.port)]) { sockets.append($0) }
    return PathFindings.Listener(sockets, at: endpoint) != nil
  }
}
