import Addressing
import Linux
import SystemPackage

/// Counts the ends of connections at both sides by route, and adds up hashes of the clients' ports. Where the two
/// sides agree, `MatchedEnds` need not compare the ends one by one. That would take memory, and a host with a
/// million connections may be short of memory for that very reason.
struct EndTally {
  /// The numbers of one route.
  private struct Numbers {
    /// Client ends.
    var clients = 0
    /// Server ends that a process has.
    var accepted = 0
    /// Server ends that wait to be accepted, and handshakes that have not ended for a second: the kernel has
    /// sent their SYN-ACK again.
    var waiting = 0
    /// Handshakes less than a second old that have not ended, and those that wait for the connection's first
    /// bytes (TCP_DEFER_ACCEPT).
    var deferred = 0
    /// The sum of the hashes of the client ports at the client ends, minus that at the server ends: 0 when the
    /// ports are the same ones, otherwise practically never.
    var portHashDifference: UInt64 = 0

    var balances: Bool { clients == accepted + waiting + deferred && portHashDifference == 0 }
  }

  /// Whether an address and port can belong to a client worker.
  private let couldBeClient: (SocketAddress) -> Bool
  private var routes: [ConnectionRoute: Numbers] = [:]

  init(of couldBeClient: @escaping (SocketAddress) -> Bool) { self.couldBeClient = couldBeClient }

  /// Counts a socket of this host as a client end, if it can be one.
  mutating func takeClient(_ socket: DiagnosedSocket) {
    guard socket.isOwnedWithTwoAddresses, couldBeClient(socket.local) else { return }
    let route = ConnectionRoute(source: socket.local.ip, server: socket.remote)
    routes[route, default: Numbers()].clients += 1
    routes[route, default: Numbers()].portHashDifference &+= Self.mixed(socket.local.port)
  }

  /// Counts the server ends that the kernel of a network namespace has at the namespace's endpoints.
  mutating func takeServerEnds(of space: EndpointSpaces.Space) throws(Errno) {
    try space.diagnosis.each(.established, anyOf: space.serverSideFilter) {
      takeServer($0, $0.hasOwner ? \.accepted : \.waiting)
    }
    try space.diagnosis.each(.synReceived, anyOf: space.serverSideFilter) {
      takeServer($0, $0.retransmits == 0 ? \.deferred : \.waiting)
    }
  }

  private mutating func takeServer(
    _ socket: DiagnosedSocket, _ number: WritableKeyPath<Numbers, Int>
  ) {
    guard couldBeClient(socket.remote) else { return }
    let route = ConnectionRoute(source: socket.remote.ip, server: socket.local)
    routes[route, default: Numbers()][keyPath: number] += 1
    routes[route, default: Numbers()].portHashDifference &-= Self.mixed(socket.remote.port)
  }

  /// Spreads a port over 64 bits, so that sums of different ports differ (the finalizer of splitmix64).
  private static func mixed(_ port: UInt16) -> UInt64 {
    var bits = UInt64(port) &+ 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  /// What the numbers tell of the `held` connections of the clients. Nil where the two sides differ, or where
  /// there are not as many client ends, as when some are other programs'.
  func count(of held: Int) -> AcceptanceCount? {
    guard routes.values.allSatisfy(\.balances), sum(\.clients) == held else { return nil }
    return AcceptanceCount(
      accepted: sum(\.accepted), alone: sum(\.waiting), unknown: sum(\.deferred))
  }

  private func sum(_ number: KeyPath<Numbers, Int>) -> Int {
    routes.values.reduce(0) { $0 + $1[keyPath: number] }
  }

  /// Endpoints to which there are client ends, and at which no connection has arrived from the clients'
  /// addresses.
  var endpointsWithoutArrivals: Set<SocketAddress> {
    let arrived = routes.filter { $0.value.accepted + $0.value.waiting + $0.value.deferred > 0 }
    return Set(routes.filter { $0.value.clients > 0 }.map(\.key.server))
      .subtracting(arrived.map(\.key.server))
  }

  /// The routes on which connections have arrived with their own addresses and ports.
  var arrivedRoutes: [ConnectionRoute] {
    routes.filter { $0.value.accepted + $0.value.waiting > 0 }.map(\.key)
  }
}

extension DiagnosedSocket {
  /// Whether a process has the socket, and its own address and port differ from its peer's. At a server end NAT
  /// may have made them the same, but no client connects from the address and port of its endpoint.
  var isOwnedWithTwoAddresses: Bool { hasOwner && local != remote }
}
