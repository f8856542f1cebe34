import Addressing
import Linux
import SystemPackage

/// How many ends of connections there are at both sides, for each pair of addresses. Where the numbers
/// fit, nothing has to be held against each other one by one, which takes memory: there may be a million,
/// and memory may be what they are short of.
struct EndNumbers {
  private struct Route: Hashable {
    let source: IPAddress
    let server: SocketAddress
  }

  private struct Numbers {
    var clients = 0
    var accepted = 0
    var waiting = 0
    /// Handshakes whose end the kernel has not seen for less than a second, or does not hand over until
    /// the first bytes come.
    var deferred = 0

    var fit: Bool { clients == accepted + waiting + deferred }
  }

  private let sources: Set<IPAddress>
  private var routes: [Route: Numbers] = [:]

  init(from sources: Set<IPAddress>) { self.sources = sources }

  mutating func takeClient(_ socket: DiagnosedSocket) {
    guard socket.hasOwner, sources.contains(socket.local.ip) else { return }
    routes[Route(source: socket.local.ip, server: socket.remote), default: Numbers()].clients += 1
  }

  mutating func match(_ space: EndpointSpaces.Space) throws(Errno) {
    try space.diagnosis.each(.established, anyOf: space.here) {
      add($0.hasOwner ? \.accepted : \.waiting, $0)
    }
    try space.diagnosis.each(.synReceived, anyOf: space.here) {
      add($0.retransmits == 0 ? \.deferred : \.waiting, $0)
    }
  }

  private mutating func add(_ number: WritableKeyPath<Numbers, Int>, _ socket: DiagnosedSocket) {
    guard sources.contains(socket.remote.ip) else { return }
    routes[Route(source: socket.remote.ip, server: socket.local), default: Numbers()][
      keyPath: number] += 1
  }

  /// What the numbers tell; nil where they do not fit, or other programs are among them.
  func unaccepted(of held: Int) -> Unaccepted? {
    guard routes.values.allSatisfy(\.fit), routes.values.reduce(0, { $0 + $1.clients }) == held
    else { return nil }
    return Unaccepted(
      alone: routes.values.reduce(0) { $0 + $1.waiting },
      unknown: routes.values.reduce(0) { $0 + $1.deferred })
  }

  /// Addresses at which connections have arrived under their own.
  var reached: [SocketAddress] {
    routes.filter { $0.value.accepted + $0.value.waiting > 0 }.map(\.key.server)
  }
}
