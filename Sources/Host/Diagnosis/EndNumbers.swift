import Addressing
import Linux
import SystemPackage

/// How many ends of connections there are at both sides, for each pair of addresses, and what their ports
/// add up to. Where both fit, no end has to be held against another, which takes memory: a host may have a
/// million connections, and be short of memory for that very reason.
struct EndNumbers {
  private struct Numbers {
    var clients = 0
    var accepted = 0
    var waiting = 0
    /// Handshakes whose end the kernel has not seen for less than a second, or does not hand over until
    /// the first bytes come.
    var deferred = 0
    /// Of the clients' ends, less of the server's: 0 where these are the same, as good as never else.
    var ports: UInt64 = 0

    var fit: Bool { clients == accepted + waiting + deferred && ports == 0 }
  }

  /// Whether the clients' end of a connection may be one of theirs, as far as its address and port tell.
  private let mayBeClients: (SocketAddress) -> Bool
  private var routes: [ConnectionRoute: Numbers] = [:]

  init(of mayBeClients: @escaping (SocketAddress) -> Bool) { self.mayBeClients = mayBeClients }

  mutating func takeClient(_ socket: DiagnosedSocket) {
    guard socket.mayBeClientEnd, mayBeClients(socket.local) else { return }
    let route = ConnectionRoute(source: socket.local.ip, server: socket.remote)
    routes[route, default: Numbers()].clients += 1
    routes[route, default: Numbers()].ports &+= Self.mixed(socket.local.port)
  }

  mutating func match(_ space: EndpointSpaces.Space) throws(Errno) {
    try space.diagnosis.each(.established, anyOf: space.here) {
      takeServer($0, $0.hasOwner ? \.accepted : \.waiting)
    }
    try space.diagnosis.each(.synReceived, anyOf: space.here) {
      takeServer($0, $0.retransmits == 0 ? \.deferred : \.waiting)
    }
  }

  private mutating func takeServer(
    _ socket: DiagnosedSocket, _ number: WritableKeyPath<Numbers, Int>
  ) {
    guard mayBeClients(socket.remote) else { return }
    let route = ConnectionRoute(source: socket.remote.ip, server: socket.local)
    routes[route, default: Numbers()][keyPath: number] += 1
    routes[route, default: Numbers()].ports &-= Self.mixed(socket.remote.port)
  }

  /// Spreads a port over 64 bits, so that sums of different ports differ (the finalizer of splitmix64).
  private static func mixed(_ port: UInt16) -> UInt64 {
    var bits = UInt64(port) &+ 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  /// What the numbers tell; nil where they do not fit, or other programs are among them.
  func count(of held: Int) -> AcceptanceCount? {
    guard routes.values.allSatisfy(\.fit), sum(\.clients) == held else { return nil }
    return AcceptanceCount(
      accepted: sum(\.accepted), alone: sum(\.waiting), unknown: sum(\.deferred))
  }

  private func sum(_ number: KeyPath<Numbers, Int>) -> Int {
    routes.values.reduce(0) { $0 + $1[keyPath: number] }
  }

  /// The ways on which connections have arrived under their own addresses and ports.
  var reached: [ConnectionRoute] {
    routes.filter { $0.value.accepted + $0.value.waiting > 0 }.map(\.key)
  }
}

extension DiagnosedSocket {
  /// Whether a process has it, and it is no server's end that a rule has given the server's own address
  /// for its client's: no client of a run takes its endpoint for its own.
  var mayBeClientEnd: Bool { hasOwner && local != remote }
}
