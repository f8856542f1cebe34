import Addressing
import Linux
import SystemPackage

/// The network namespaces whose kernels are asked about the endpoints: this process's own for addresses
/// that it has, and for others the one that the clients' connections arrive in.
///
/// Any number of containers may have the same private address, and another machine as well. So what
/// merely has an endpoint's address is a candidate. It is believed once it has the other end of a
/// connection of this host, and no other candidate has; before there are any connections, where it is the
/// only one that listens.
final class EndpointSpaces {
  struct Space {
    let diagnosis: SocketDiagnosis
    /// Whether the kernel hands what waits at a closed socket to the others on the same port.
    let migratesQueues: Bool
    var endpoints: [SocketAddress]

    var id: ObjectIdentifier { ObjectIdentifier(diagnosis) }

    /// To be made in the namespace that `diagnosis` asks.
    init(_ diagnosis: SocketDiagnosis, endpoints: [SocketAddress]) {
      self.diagnosis = diagnosis
      self.endpoints = endpoints
      migratesQueues =
        ProcFile.text(of: "/proc/sys/net/ipv4/tcp_migrate_req").flatMap(ProcText.integer) == 1
    }

    fileprivate init(_ space: Space, only endpoint: SocketAddress) {
      self = space
      endpoints = [endpoint]
    }

    /// Matches sockets at the endpoints.
    var serverSideFilter: [SocketCondition] { endpoints.map(SocketCondition.serves) }

    /// Tells an endpoint in this namespace from the same address in another one.
    func place(_ endpoint: SocketAddress) -> NamespacedEndpoint {
      NamespacedEndpoint(space: id, endpoint: endpoint)
    }
  }

  struct NamespacedEndpoint: Hashable {
    let space: ObjectIdentifier
    let endpoint: SocketAddress
  }

  private let sources: Set<IPAddress>
  private let own: SocketDiagnosis?
  /// Endpoints whose namespace is certain.
  private var certain: [Space]
  /// Namespaces that have addresses of the other endpoints.
  private var candidates: [Space] = []
  /// Those that are believed for now.
  private var provisional: [Space] = []
  private var nextLook: Instant?
  /// Looks that found connections and not where they arrive, by endpoint.
  private var looksInVain: [SocketAddress: Int] = [:]
  /// Those that this process's own namespace has.
  let ownEndpoints: [SocketAddress]

  /// A kernel goes through all of its connections for a look.
  private static let lookEvery = Duration.milliseconds(200)
  /// Then an endpoint is another machine's, or it cannot be told which candidate's.
  private static let mostLooksInVain = 5
  /// Connections of an endpoint whose other ends are looked for.
  private static let mostEnds = 256

  init(of endpoints: [SocketAddress], sources: Set<IPAddress>, own: SocketDiagnosis?) {
    self.sources = sources
    self.own = own
    ownEndpoints = Self.endpointsHere(of: endpoints)
    let here = Set(ownEndpoints)
    let rest = endpoints.filter { !here.contains($0) }
    certain =
      own.map { [Space($0, endpoints: endpoints.filter { here.contains($0) })] } ?? []
    guard !rest.isEmpty, own != nil else { return }
    NetworkNamespace.visitOthers {
      let there = Self.endpointsHere(of: rest)
      if !there.isEmpty, let diagnosis = try? SocketDiagnosis() {
        candidates.append(Space(diagnosis, endpoints: there))
      }
    }
  }

  private static func endpointsHere(of endpoints: [SocketAddress]) -> [SocketAddress] {
    let addresses = Set(((try? NetworkInterface.all()) ?? []).flatMap(\.addresses))
    return endpoints.filter { endpoint in
      let ip = endpoint.ip
      return ip.isLoopback || ip.isUnspecified || addresses.contains(ip) || Socket.canBind(to: ip)
    }
  }

  /// The namespaces that are believed, each once, with the endpoints that it is believed of.
  func known() -> [Space] {
    guard !candidates.isEmpty else { return certain }
    let now = Instant.now()
    if nextLook.map({ now >= $0 }) ?? true {
      look()
      nextLook = .now().advanced(by: Self.lookEvery)
    }
    return Self.merged(certain + provisional)
  }

  /// All namespaces that have an endpoint's address, believed or not: what they say now may be what was
  /// there before, once one of them is.
  func all() -> [Space] { Self.merged(known() + candidates) }

  /// Each namespace once: what is counted in it would else count for each of its endpoints.
  private static func merged(_ spaces: [Space]) -> [Space] {
    spaces.reduce(into: []) { merged, space in
      if let index = merged.firstIndex(where: { $0.diagnosis === space.diagnosis }) {
        let known = Set(merged[index].endpoints)
        merged[index].endpoints += space.endpoints.filter { !known.contains($0) }
      } else {
        merged.append(space)
      }
    }
  }

  private func look() {
    let undecided = Set(candidates.flatMap(\.endpoints))
    let ends = clientEnds(to: undecided)
    provisional = []
    for endpoint in undecided {
      let having = candidates.filter { $0.endpoints.contains(endpoint) }
      guard let ends = ends[endpoint] else {
        let listening = having.filter { listens(at: endpoint, in: $0) }
        if listening.count == 1 {
          provisional.append(Space(listening[0], only: endpoint))
        }
        continue
      }
      let reached = having.filter { has(ends, of: endpoint, in: $0) }
      if reached.count == 1 {
        decide(endpoint, for: reached[0])
      } else {
        looksInVain[endpoint, default: 0] += 1
        if looksInVain[endpoint] == Self.mostLooksInVain { decide(endpoint, for: nil) }
      }
    }
  }

  private func decide(_ endpoint: SocketAddress, for space: Space?) {
    for index in candidates.indices { candidates[index].endpoints.removeAll { $0 == endpoint } }
    candidates.removeAll(where: \.endpoints.isEmpty)
    if let space { certain = Self.merged(certain + [Space(space, only: endpoint)]) }
  }

  /// Where connections of this host's programs to the endpoints come from: the sources' only, and not
  /// more than some of each endpoint.
  private func clientEnds(
    to endpoints: Set<SocketAddress>
  ) -> [SocketAddress: Set<SocketAddress>] {
    var ends: [SocketAddress: Set<SocketAddress>] = [:]
    try? own?.each(.established, anyOf: endpoints.map(SocketCondition.remote)) { [sources] socket in
      guard sources.contains(socket.local.ip),
        ends[socket.remote]?.count ?? 0 < Self.mostEnds
      else { return }
      ends[socket.remote, default: []].insert(socket.local)
    }
    return ends
  }

  /// Whether the namespace has the other end of one of these.
  private func has(
    _ ends: Set<SocketAddress>, of endpoint: SocketAddress, in space: Space
  ) -> Bool {
    var isFound = false
    let states = TCPStates.established.union(.synReceived)
    try? space.diagnosis.each(states, anyOf: [.local(endpoint)]) { socket in
      if ends.contains(socket.remote) { isFound = true }
    }
    return isFound
  }

  private func listens(at endpoint: SocketAddress, in space: Space) -> Bool {
    var sockets: [DiagnosedSocket] = []
    try? space.diagnosis.each(.listen, anyOf: [.localPort(endpoint.port)]) { sockets.append($0) }
    return PathFindings.Listener(sockets, at: endpoint) != nil
  }
}
