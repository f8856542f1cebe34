package import Addressing
package import Messages
package import SystemPackage
package import TLS

/// All that a server worker needs to know of a plan.
package struct ServerAssignment: Sendable {
  /// The most that `descriptorLimit` should be. Some hosts grant a process a billion descriptors,
  /// and the server's tables have a row for each. Unused rows take no memory, but address space.
  package static let mostDescriptors = 1 << 24

  /// Where the server listens.
  package var endpoint: SocketAddress
  /// The length of the accept queue that listen(2) is asked for.
  package var backlog: Int32
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Whether the server reads HTTP requests. `reply` then says what body its responses have.
  package var speaksHTTP: Bool
  /// The highest RLIMIT_NOFILE that the process may have, and so how many rows its tables have:
  /// every descriptor's number is below it.
  package var descriptorLimit: Int
  /// The addresses that the run's own connections come from; empty where all connections count as
  /// the run's own. The server serves connections from elsewhere alike, and counts them apart.
  package var clients: [AddressSpan]
  /// The range from which the kernel gives ports to any program. From these ports other programs on
  /// the clients' addresses may connect as well, so the server counts such connections apart, too.
  /// Nil where no range is known.
  package var ephemeralPorts: ClosedRange<UInt16>?
  /// The writing end of a pipe, opened with O_NONBLOCK. The worker writes to it what it has read,
  /// as frames (`ReceivedFrame`), for `runner serve --verbose`. Nil in the runs of a plan.
  package var receivedPipe: FileDescriptor?
  /// The numbers of the processors that the worker stays on; empty where any will do.
  package var processors: [Int]
  /// The TLS settings of the connections; nil for plain TCP.
  package var secure: TLSContext?
  /// How long a handshake of TLS may take, from when something has come. Not less than the clients give it.
  package var handshakeTimeout: Duration
  package static let usualHandshakeTimeout = Duration.seconds(10)
  /// The terms of the connections' WebSockets; nil where connections are not WebSockets.
  package var webSocket: WebSocketTerms?
  /// For connections that speak MQTT; nil for others.
  package var mqtt: MQTTTerms?

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    speaksHTTP: Bool = false, descriptorLimit: Int, clients: [AddressSpan] = [],
    ephemeralPorts: ClosedRange<UInt16>? = nil, receivedPipe: FileDescriptor? = nil,
    processors: [Int] = [], secure: TLSContext? = nil,
    handshakeTimeout: Duration = usualHandshakeTimeout, webSocket: WebSocketTerms? = nil,
    mqtt: MQTTTerms? = nil
  ) {
    self.endpoint = endpoint
    self.backlog = backlog
    self.reply = reply
    self.readiness = readiness
    self.speaksHTTP = speaksHTTP
    self.descriptorLimit = descriptorLimit
    self.clients = clients
    self.ephemeralPorts = ephemeralPorts
    self.receivedPipe = receivedPipe
    self.processors = processors
    self.secure = secure
    self.handshakeTimeout = handshakeTimeout
    self.webSocket = webSocket
    self.mqtt = mqtt
  }
}
