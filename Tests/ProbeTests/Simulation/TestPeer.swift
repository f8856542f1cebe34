import Addressing
import Linux
import Probe
import SystemPackage

@testable import Simulation

/// Somebody else on the simulated host: says and does what a test wants, one call at a time.
final class TestPeer {
  let process: SimulatedProcess
  let kernel: SimulatedKernel
  let address: SocketAddress
  private(set) var listener: FileDescriptor?

  init(_ network: SimulatedNetwork, at address: SocketAddress) {
    process = SimulatedProcess(network: network)
    // Nobody waits for it: it acts between the turns of the others.
    process.isStopped = true
    kernel = SimulatedKernel(process: process)
    self.address = address
  }

  func listen(backlog: Int32 = 4096) throws {
    let socket = try kernel.open(v6: false)
    try kernel.reuseAddress(socket)
    try kernel.bind(socket, to: address)
    try kernel.listen(socket, backlog: backlog)
    listener = socket
  }

  /// - Parameter offset: which port after its own, so that it can have several connections.
  func connect(to endpoint: SocketAddress = .first, offset: UInt16 = 0) throws -> FileDescriptor {
    let address = SocketAddress(address.ip, address.port + offset)
    let socket = try kernel.open(v6: false)
    try kernel.reuseAddress(socket)
    try kernel.bind(socket, to: address)
    try kernel.connect(socket, to: endpoint)
    return socket
  }

  func accept() throws -> FileDescriptor? {
    guard let listener else { return nil }
    return try kernel.accept(listener)?.descriptor
  }

  func send(_ socket: FileDescriptor, _ bytes: some Collection<UInt8>) -> Transfer {
    Array(bytes).withUnsafeBytes { kernel.send(socket, $0) }
  }

  /// Everything that has arrived.
  func receive(_ socket: FileDescriptor) -> [UInt8] {
    var all: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while case .moved(let count) = kernel.receive(socket, into: buffer) {
        all += buffer[..<count]
      }
    }
    return all
  }

  /// Closes its half, and goes on reading.
  func finish(_ socket: FileDescriptor) {
    process.socket(socket).finishSending()
  }

  /// Whether the other side has closed its half, once everything was read.
  func isClosed(_ socket: FileDescriptor) -> Bool {
    process.socket(socket).emptyReading() == .closed
  }

  func close(_ socket: FileDescriptor, reset: Bool) throws {
    try kernel.resetOnClose(socket, reset)
    kernel.close(socket)
  }
}
