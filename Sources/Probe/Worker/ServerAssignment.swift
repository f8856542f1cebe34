package import Addressing
package import Messages
package import SystemPackage
package import TLS

/// All that a server worker needs to know of a plan.
package struct ServerAssignment: Sendable {
  /// The most that `descriptorLimit` should be: some hosts grant a process a billion descriptors,
  /// and the tables have as many rows. Unused rows take address space, but no memory.
  package static let mostDescriptors = 1 << 24

  package var endpoint: SocketAddress
  package var backlog: Int32
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Whether what comes is requests of HTTP, and `reply` the body of each response.
  package var speaksHTTP: Bool
  /// Rows of the tables, and so the highest RLIMIT_NOFILE that the process may have: every
  /// descriptor is below it.
  package var descriptorLimit: Int
  /// The addresses that the run's own connections come from; empty where all connections are the
  /// run's own. Connections from elsewhere are served alike, and counted apart.
  package var clients: [AddressSpan]
  /// Ports from which other programs on the same addresses may connect as well, so connections from
  /// these ports are counted apart, too; nil for none.
  package var ephemeralPorts: ClosedRange<UInt16>?
  /// The writing end of a pipe, opened with O_NONBLOCK, to which the worker writes what it has
  /// read, as frames (`ReceivedFrame`). Nil in the runs of a plan.
  package var receivedPipe: FileDescriptor?
  /// Processors to stay on; empty where any will do.
  package var processors: [Int]
  /// For the connections of TLS; nil for plain ones.
  package var secure: TLSContext?
  /// For connections that are WebSockets; nil for others.
  package var webSocket: WebSocketTerms?

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    speaksHTTP: Bool = false, descriptorLimit: Int, clients: [AddressSpan] = [],
    ephemeralPorts: ClosedRange<UInt16>? = nil, receivedPipe: FileDescriptor? = nil,
    processors: [Int] = [], secure: TLSContext? = nil, webSocket: WebSocketTerms? = nil
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
    self.webSocket = webSocket
  }
}
