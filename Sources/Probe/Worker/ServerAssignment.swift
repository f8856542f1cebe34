package import Addressing
package import Messages
package import SystemPackage

package struct ServerAssignment: Sendable {
  /// The most that `descriptorLimit` should be: some hosts grant a process a billion descriptors,
  /// and the tables are as long. What is not used of them takes addresses, no memory.
  package static let mostDescriptors = 1 << 24

  package var endpoint: SocketAddress
  package var backlog: Int32
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Rows of the tables, and so the highest RLIMIT_NOFILE that the process may have: every
  /// descriptor is below it.
  package var descriptorLimit: Int
  /// Where the run's own connections come from; empty where all are its own. Others are served like
  /// these, and counted apart.
  package var clients: [AddressSpan]
  /// Ports from which other programs' connections come, too, if they have the same source.
  package var ephemeralPorts: ClosedRange<UInt16>?
  /// The writing end of a pipe, opened with O_NONBLOCK, to which the worker writes what it has
  /// read, as frames (`ReceivedFrame`). Nil in runs.
  package var receivedPipe: FileDescriptor?
  /// Processors to stay on; empty where any will do.
  package var processors: [Int]

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    descriptorLimit: Int, clients: [AddressSpan] = [],
    ephemeralPorts: ClosedRange<UInt16>? = nil, receivedPipe: FileDescriptor? = nil,
    processors: [Int] = []
  ) {
    self.endpoint = endpoint
    self.backlog = backlog
    self.reply = reply
    self.readiness = readiness
    self.descriptorLimit = descriptorLimit
    self.clients = clients
    self.ephemeralPorts = ephemeralPorts
    self.receivedPipe = receivedPipe
    self.processors = processors
  }
}
