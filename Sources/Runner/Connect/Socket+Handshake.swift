import Linux
import SystemPackage

/// How handshakes of `connect` and `capture` went.
extension Socket {
  /// Why a handshake that is over has brought no connection to a server; nil where there is one.
  ///
  /// Where nobody listens, a socket whose own address and port are those of the endpoint connects
  /// to itself. That counts as a refusal.
  static func handshakeError(_ socket: FileDescriptor) -> Errno? {
    if let error = pendingError(socket) { return error }
    guard let local = localAddress(of: socket), local == peerAddress(of: socket) else { return nil }
    return .connectionRefused
  }
}
