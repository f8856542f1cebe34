/// What failed: a system call of a worker, or something else that is recorded like a call
/// (`connectTimeout`, `secure`, `webSocket` and `closed`).
package enum FailedCall: UInt8, Sendable, CaseIterable {
  case socket, bind, listen, connect, accept, epollControl, read, write
  /// The runner's own deadline for a handshake, not the kernel's ETIMEDOUT.
  case connectTimeout
  /// The handshake of TLS once TCP's was over, or the connection after it. Its errno is EPROTO where an end has
  /// refused or the peer has closed in mid-handshake, ETIMEDOUT where the runner's own deadline came first, ENOMEM
  /// where this end had no memory for it. Where the connection broke, it is the errno of the socket.
  case secure
  /// A WebSocket: its opening, once the handshakes of TCP and TLS were over, or what its peer said later. Its errno
  /// is EPROTO where the peer has refused, closed or broken a rule, ETIMEDOUT where the runner's own deadline came
  /// first or a ping had no answer. Where the connection broke, it is the errno of the socket.
  case webSocket
  /// MQTT: CONNECT and what answers it, or what the peer said later. Its errno is as a WebSocket's.
  case mqtt
  /// The peer closed or reset an established connection, or the connection broke.
  case closed
  /// `epollWait` is how a worker waits for events; a worker needs the others to start.
  case epollWait, epollCreate, eventCounter, map, duplicate, descriptorLimit

  /// The name in plans, recordings and reports.
  package var name: String {
    switch self {
    case .socket: "socket"
    case .bind: "bind"
    case .listen: "listen"
    case .connect: "connect"
    case .accept: "accept4"
    case .epollControl: "epoll_ctl"
    case .read: "read"
    case .write: "write"
    case .connectTimeout: "connect-timeout"
    case .secure: "tls"
    case .webSocket: "websocket"
    case .mqtt: "mqtt"
    case .closed: "closed"
    case .epollWait: "epoll_wait"
    case .epollCreate: "epoll_create1"
    case .eventCounter: "eventfd"
    case .map: "mmap"
    case .duplicate: "dup3"
    case .descriptorLimit: "setrlimit"
    }
  }

  /// Whether it is no system call but a layer over TCP. Its handshake begins when the kernel has finished TCP's, so
  /// it may fail because a server has not accepted the connection.
  package var isOfLayer: Bool {
    switch self {
    case .secure, .webSocket, .mqtt: true
    case .socket, .bind, .listen, .connect, .accept, .epollControl, .read, .write, .connectTimeout,
      .closed, .epollWait, .epollCreate, .eventCounter, .map, .duplicate, .descriptorLimit:
      false
    }
  }

  /// Nil for a name that no call has.
  package init?(named name: String) {
    guard let call = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = call
  }
}
