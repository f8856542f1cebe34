import Addressing
import Linux
import SystemPackage

/// Chooses a network namespace for each endpoint: its kernel is then asked about the endpoint's sockets.
///
/// Where this process's own namespace has the endpoint's address, this one is chosen for good. Otherwise every
/// namespace that has the address is a candidate: several containers may have the same private address, and
/// so may another machine. A candidate is chosen for good when it is the only one that has server ends of
/// this host's connections to the endpoint. While there are no such connections, a candidate is chosen for
/// now if it is the only one that has a listener there.
final class EndpointSpaces {
  /// A network namespace, and the endpoints that it is asked about.
  struct Space {
    /// Asks the namespace's kernel.
    let diagnosis: SocketDiagnosis
    /// Whether the kernel hands the queue of a closed listening socket over to other sockets on the same port
    /// (`tcp_migrate_req`).
    let migratesQueues: Bool
    var endpoints: [SocketAddress]

    /// Identifies the namespace.
    var id: ObjectIdentifier { ObjectIdentifier(diagnosis) }

    /// To be called inside the namespace that `diagnosis` asks: it reads a setting of that namespace.
    init(_ diagnosis: SocketDiagnosis, endpoints: [SocketAddress]) {
      self.diagnosis = diagnosis
      self.endpoints = endpoints
      migratesQueues =
        ProcFile.text(of: "/proc/sys/net/ipv4/tcp_migrate_req").flatMap(ProcText.integer) == 1
    }

    /// The same namespace, asked about one endpoint only.
    fileprivate init(_ space: Space, only endpoint: SocketAddress) {
      self = space
      endpoints = [endpoint]
    }

    /// Matches the server's sockets at the endpoints.
    var serverSideFilter: [SocketCondition] { endpoints.map(SocketCondition.serves) }

    /// An endpoint as part of this namespace: the same address in another namespace is another endpoint.
    func namespaced(_ endpoint: SocketAddress) -> NamespacedEndpoint {
      NamespacedEndpoint(space: id, endpoint: endpoint)
    }
  }

  struct NamespacedEndpoint: Hashable {
    let space: ObjectIdentifier
    let endpoint: SocketAddress
  }

  /// The addresses that the clients connect from.
  private let sources: Set<IPAddress>
  /// Asks the kernel of this process's own namespace; nil where that is not possible.
  private let own: SocketDiagnosis?
  /// Namespaces chosen for good, each with its endpoints.
  private var chosenForGood: [Space]
  /// Other namespaces that have addresses of endpoints, each with its undecided endpoints: those for which no
  /// namespace is chosen for good.
  private var candidates: [Space] = []
  /// Candidates chosen for now, by the last look: each with an endpoint at which only it has a listener.
  private var chosenForNow: [Space] = []
  /// When the next look is due; nil before the first.
  private var nextLook: Instant?
  /// By endpoint, how many looks have left it undecided: they found client ends on this host, and the server
  /// ends of these in no candidate or in several.
  private var undecidedLooks: [SocketAddress: Int] = [:]
  /// The endpoints whose addresses this process's own namespace has.
  let ownEndpoints: [SocketAddress]

  /// The time from one look to the next. Looks are kept rare, since each makes kernels go through all of
  /// their connections.
  private static let lookEvery = Duration.milliseconds(200)
  /// After so many undecided looks an endpoint is given up: it is on another machine, or its candidates
  /// cannot be told apart.
  private static let mostUndecidedLooks = 5
  /// The most connections of one endpoint whose server ends a look searches for.
  private static let mostEnds = 256

  init(of endpoints: [SocketAddress], sources: Set<IPAddress>, own: SocketDiagnosis?) {
    self.sources = sources
    self.own = own
    ownEndpoints = Self.endpointsHere(of: endpoints)
    let here = Set(ownEndpoints)
    let rest = endpoints.filter { !here.contains($0) }
    chosenForGood =
      own.map { [Space($0, endpoints: endpoints.filter { here.contains($0) })] } ?? []
    guard !rest.isEmpty, own != nil else { return }
    NetworkNamespace.visitOthers {
      let there = Self.endpointsHere(of: rest)
      if !there.isEmpty, let diagnosis = try? SocketDiagnosis() {
        candidates.append(Space(diagnosis, endpoints: there))
      }
    }
  }

  /// The endpoints whose addresses the namespace of the calling thread has.
  private static func endpointsHere(of endpoints: [SocketAddress]) -> [SocketAddress] {
    let addresses = Set(((try? NetworkInterface.all()) ?? []).flatMap(\.addresses))
    return endpoints.filter { endpoint in
      let ip = endpoint.ip
      return ip.isLoopback || ip.isUnspecified || addresses.contains(ip) || Socket.isLocal(ip)
    }
  }

  /// The namespaces that are chosen for good or for now: each once, with its endpoints. Looks again first, where
  /// a look is due.
  func known() -> [Space] {
    guard !candidates.isEmpty else { return chosenForGood }
    let now = Instant.now()
    if nextLook.map({ now >= $0 }) ?? true {
      look()
      nextLook = .now().advanced(by: Self.lookEvery)
    }
    return Self.merged(chosenForGood + chosenForNow)
  }

  /// The chosen namespaces and the remaining candidates. A candidate may be chosen later, and what it has then
  /// must be compared with what it has now.
  func all() -> [Space] { Self.merged(known() + candidates) }

  /// Joins the entries of each namespace into one. A namespace with two entries would be asked twice, and what
  /// it counts would count twice.
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

  /// Tries to choose a namespace for each undecided endpoint.
  private func look() {
    let undecided = Set(candidates.flatMap(\.endpoints))
    let ends = clientEnds(to: undecided)
    chosenForNow = []
    for endpoint in undecided {
      let withAddress = candidates.filter { $0.endpoints.contains(endpoint) }
      guard let ends = ends[endpoint] else {
        let listening = withAddress.filter { listens(at: endpoint, in: $0) }
        if listening.count == 1 {
          chosenForNow.append(Space(listening[0], only: endpoint))
        }
        continue
      }
      let reached = withAddress.filter { hasServerEnd(ofAny: ends, at: endpoint, in: $0) }
      if reached.count == 1 {
        decide(endpoint, for: reached[0])
      } else {
        undecidedLooks[endpoint, default: 0] += 1
        if undecidedLooks[endpoint] == Self.mostUndecidedLooks { decide(endpoint, for: nil) }
      }
    }
  }

  /// Chooses a namespace for an endpoint for good; with nil, gives the endpoint up.
  private func decide(_ endpoint: SocketAddress, for space: Space?) {
    for index in candidates.indices { candidates[index].endpoints.removeAll { $0 == endpoint } }
    candidates.removeAll(where: \.endpoints.isEmpty)
    if let space { chosenForGood = Self.merged(chosenForGood + [Space(space, only: endpoint)]) }
  }

  /// The client ends, in this process's own namespace, of connections from the sources to the endpoints: by
  /// endpoint, at most `mostEnds` of each. Other programs' connections may be among them.
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

  /// Whether the namespace has, at the endpoint, the server end of any of these client ends.
  private func hasServerEnd(
    ofAny ends: Set<SocketAddress>, at endpoint: SocketAddress, in space: Space
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
