import Addressing
import Linux
import SystemPackage

extension EndpointSpaces {
  /// Who listens at an endpoint, as the kernel there tells.
  struct Listening {
    let place: NamespacedEndpoint
    /// Nil where nobody does.
    let listener: PathFindings.Listener?
    /// All listening sockets of this namespace that have the port of any of its endpoints.
    let listeningSockets: [DiagnosedSocket]
    let migratesQueues: Bool

    var space: ObjectIdentifier { place.space }

    func isReached(_ socket: DiagnosedSocket) -> Bool {
      listener?.sockets.contains(socket.inode) ?? false
    }
  }

  /// Who listens at the endpoints whose kernel answers.
  static func listening(in spaces: [Space]) -> [Listening] {
    var found: [Listening] = []
    for space in spaces {
      var sockets: [DiagnosedSocket] = []
      let ports = Set(space.endpoints.map(\.port)).map(SocketCondition.localPort)
      do throws(Errno) {
        try space.diagnosis.each(.listen, anyOf: ports) { sockets.append($0) }
      } catch {
        // A kernel without INET_DIAG says nothing, which is not that nobody listens.
        continue
      }
      for endpoint in space.endpoints {
        found.append(
          Listening(
            place: space.place(endpoint), listener: PathFindings.Listener(sockets, at: endpoint),
            listeningSockets: sockets, migratesQueues: space.migratesQueues))
      }
    }
    return found
  }
}
