import Addressing
import Linux
import SystemPackage

/// How the proxy accepts clients, and when it turns them away.
extension CaptureProxy {
  /// The most clients that one turn accepts.
  private static var burst: Int { 64 }
  /// What epoll announces of both sockets of a relay.
  private static var events: EpollEvents { .readable | .writable | .peerHangUp | .edgeTriggered }

  mutating func acceptClients() {
    for _ in 0..<Self.burst {
      // The client's socket to the server is opened before the client is accepted. Where no
      // descriptor is left for it, the client waits in the accept queue until the next try.
      var call = "socket"
      var server: FileDescriptor?
      do throws(Errno) {
        let descriptor = try Socket.open(v6: route.forward.ip.isV6)
        server = descriptor
        call = "accept4"
        guard let client = try Socket.accept(listener)?.descriptor else {
          return Socket.close(descriptor)
        }
        connect(descriptor, for: client)
      } catch {
        if let server { Socket.close(server) }
        warn("no more clients for now: \(call): \(Self.words(error))")
        return pauseListening()
      }
    }
  }

  /// Connects a socket to the server for a client.
  private mutating func connect(_ descriptor: FileDescriptor, for client: FileDescriptor) {
    let name = Socket.peerAddress(of: client).map { "\($0)" } ?? "unknown"
    do throws(Errno) {
      // TCP_NODELAY: the proxy adds no delay of its own.
      try Socket.sendAtOnce(client)
      try Socket.sendAtOnce(descriptor)
      try Socket.connect(descriptor, to: route.forward)
      let relay = CaptureRelay(
        id: nextClientID, client: client, server: descriptor, name: name, started: .now())
      try Epoll.control(epoll, .add, client, Self.events, token: relay.token(of: .client))
      try Epoll.control(epoll, .add, descriptor, Self.events, token: relay.token(of: .server))
      nextClientID += 1
      relays[relay.id] = relay
      say("client \(name) connected (\(relays.count) open)")
    } catch {
      turnAway(client, descriptor, name, error)
    }
  }

  /// Resets a client for which the server cannot be reached, or whose sockets cannot be watched.
  /// Closes both sockets.
  private mutating func turnAway(
    _ client: FileDescriptor, _ server: FileDescriptor, _ name: String, _ error: Errno
  ) {
    refusedClients += 1
    warn("client \(name) turned away: \(route.forward): \(Self.words(error))")
    // A reset, as from a server that refuses; a FIN would look like an orderly end.
    try? Socket.resetOnClose(client, true)
    Socket.close(client)
    Socket.close(server)
  }

  /// Turns away a client whose connection to the server has failed.
  mutating func giveUp(_ relay: CaptureRelay, _ error: Errno) {
    relays[relay.id] = nil
    turnAway(relay.client, relay.server, relay.name, error)
  }

  private mutating func pauseListening() {
    pausedUntil = .now().advanced(by: .milliseconds(200))
    try? Epoll.control(epoll, .modify, listener, .none, token: Self.listenerToken)
  }

  mutating func goOnListening() {
    pausedUntil = nil
    try? Epoll.control(epoll, .modify, listener, .readable, token: Self.listenerToken)
  }

  /// "EMFILE (Too many open files)".
  static func words(_ error: Errno) -> String {
    "\(ErrnoName.symbol(of: error.rawValue)) (\(ErrnoName.text(of: error.rawValue)))"
  }
}
