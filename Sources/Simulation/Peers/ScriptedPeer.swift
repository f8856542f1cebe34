package import Addressing
package import Linux
package import SystemPackage

/// Another program on the simulated host, server or client: it does what its caller wants, one call at a time.
package final class ScriptedPeer {
  package let process: SimulatedProcess
  package let kernel: SimulatedKernel
  package let address: SocketAddress
  package private(set) var listener: FileDescriptor?

  package init(_ network: SimulatedNetwork, at address: SocketAddress) {
    process = SimulatedProcess(network: network)
    // Time does not wait for this process: it acts between the turns of the others.
    process.isStopped = true
    kernel = SimulatedKernel(process: process)
    self.address = address
  }

  package func listen(backlog: Int32 = 4096) throws {
    let socket = try kernel.open(v6: false)
    try kernel.reuseAddress(socket)
    try kernel.bind(socket, to: address)
    try kernel.listen(socket, backlog: backlog)
    listener = socket
  }

  /// - Parameter offset: is added to the peer's own port, so that the peer can have several
  ///   connections.
  package func connect(to endpoint: SocketAddress, offset: UInt16 = 0) throws -> FileDescriptor {
    let address = SocketAddress(address.ip, address.port + offset)
    let socket = try kernel.open(v6: false)
    try kernel.reuseAddress(socket)
    try kernel.bind(socket, to: address)
    try kernel.connect(socket, to: endpoint)
    return socket
  }

  package func accept() throws -> FileDescriptor? {
    guard let listener else { return nil }
    return try kernel.accept(listener)?.descriptor
  }

  package func send(_ socket: FileDescriptor, _ bytes: some Collection<UInt8>) -> Transfer {
    unsafe Array(bytes).withUnsafeBytes { unsafe kernel.send(socket, $0) }
  }

  /// Everything that has arrived.
  package func receive(_ socket: FileDescriptor) -> [UInt8] {
    var all: [UInt8] = []
    unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while case .moved(let count) = unsafe kernel.receive(socket, into: buffer) {
        unsafe all += buffer[..<count]
      }
    }
    return all
  }

  /// Sends FIN, and goes on reading.
  package func finish(_ socket: FileDescriptor) {
    process.socket(socket).finishSending()
  }

  /// Whether everything was read and the connection has ended: by a FIN, or by a reset whose error was taken. Takes
  /// a pending error, and is false that once.
  package func isClosed(_ socket: FileDescriptor) -> Bool {
    process.socket(socket).emptyReading() == .closed
  }

  package func close(_ socket: FileDescriptor, reset: Bool) throws {
    try kernel.resetOnClose(socket, reset)
    kernel.close(socket)
  }
}
