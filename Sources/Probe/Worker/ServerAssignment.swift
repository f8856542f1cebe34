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
  /// The end of a pipe, opened not to block, that is told what is read (`ReceivedFrame`); nil in runs.
  package var echoesTo: FileDescriptor?
  /// Processors to stay on; empty where any will do.
  package var processors: [Int]

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    descriptorLimit: Int, echoesTo: FileDescriptor? = nil, processors: [Int] = []
  ) {
    self.endpoint = endpoint
    self.backlog = backlog
    self.reply = reply
    self.readiness = readiness
    self.descriptorLimit = descriptorLimit
    self.echoesTo = echoesTo
    self.processors = processors
  }
}
