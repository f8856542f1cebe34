package import Addressing
package import Linux
import Probe
package import SystemPackage

/// The kernel as one simulated process sees it.
package struct SimulatedKernel: Kernel {
  package let process: SimulatedProcess

  package init(process: SimulatedProcess) { self.process = process }

  private var network: SimulatedNetwork { process.network }

  private func begin(_ call: SimulatedCall) throws(Errno) {
    if let error = process.begin(call) { throw error }
  }

  /// Runs `body`, and enters its errno into the network's books if it fails.
  private func noting(
    _ call: SimulatedCall, _ body: () throws(Errno) -> Void
  ) throws(Errno) {
    do throws(Errno) { try body() } catch { throw process.note(error, of: call) }
  }

  package func now() -> Instant { Instant(nanoseconds: network.now) }

  // MARK: Sockets

  package func open(v6: Bool) throws(Errno) -> FileDescriptor {
    try begin(.open)
    guard network.sockets < network.dials.sockets else {
      throw process.note(.noBufferSpace, of: .open)
    }
    if let shortage = process.shortage { throw process.note(shortage, of: .open) }
    return process.install(.socket(SimulatedSocket(network: network)))
  }

  package func openSpare() throws(Errno) -> FileDescriptor {
    try begin(.openSpare)
    if let shortage = process.shortage { throw shortage }
    return process.install(.other)
  }

  package func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    try begin(.reuseAddress)
    process.socket(socket).reusesAddress = true
  }

  package func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    try begin(.resetOnClose)
    process.socket(socket).resetsOnClose = on
  }

  /// Does nothing: the simulated network holds no small message back.
  package func sendAtOnce(_ socket: FileDescriptor) throws(Errno) {}

  package func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try begin(.bind)
    try noting(.bind) { () throws(Errno) in try process.socket(socket).bind(address) }
  }

  package func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    try begin(.listen)
    try process.socket(socket).listen(backlog: Int(backlog))
  }

  package func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try begin(.connect)
    try noting(.connect) { () throws(Errno) in try process.socket(socket).connect(to: address) }
  }

  /// Fails for want of a descriptor even when no connection waits: accept4 takes its descriptor before it
  /// looks at the queue.
  package func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    try begin(.accept)
    if let shortage = process.shortage {
      // When no connection waits, the failure turns none away, so the books leave it out.
      if !process.socket(listener).queue.isEmpty { process.note(shortage, of: .accept) }
      throw shortage
    }
    guard let socket = process.socket(listener).takeFromQueue() else { return nil }
    let peer = socket.remote ?? SocketAddress(.v4(0), 0)
    return AcceptedSocket(descriptor: process.install(.socket(socket)), peer: peer)
  }

  package func pendingError(_ socket: FileDescriptor) -> Errno? {
    if let error = process.begin(.pendingError) { return error }
    return process.socket(socket).takeError().map { process.note($0, of: .pendingError) }
  }

  package var largestRead: Int { process.receiveLimit }

  package func receive(_ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Transfer
  {
    if let error = process.begin(.receive) { return .failed(error) }
    let socket = process.socket(socket)
    if let transfer = socket.emptyReading() {
      if case .failed(let error) = transfer { process.note(error, of: .receive) }
      return transfer
    }
    let bytes = socket.takeBytes(min(buffer.count, process.receiveLimit))
    unsafe buffer.copyBytes(from: bytes)
    return .moved(bytes.count)
  }

  package func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    if let error = process.begin(.send) { return .failed(error) }
    let transfer = process.socket(socket).send(
      unsafe Array(bytes.prefix(process.sendLimit)), isLast: bytes.count <= process.sendLimit)
    if case .failed(let error) = transfer { process.note(error, of: .send) }
    return transfer
  }

  package func finishSending(_ socket: FileDescriptor) throws(Errno) {
    try begin(.finishSending)
    process.socket(socket).finishSending()
  }

  package func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer) {
    unsafe process.told += bytes
  }

  package func close(_ descriptor: FileDescriptor) {
    _ = process.begin(.close)
    process.close(descriptor)
  }

  // MARK: Epoll

  package func watch(_ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64)
    throws(Errno)
  {
    try begin(.watch)
    try noting(.watch) { () throws(Errno) in
      try process.watch(process.socket(descriptor), events, token: token)
    }
  }

  package func rewatch(_ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64)
    throws(Errno)
  {
    try begin(.rewatch)
    try process.rewatch(process.socket(descriptor), events, token: token)
  }

  package func unwatch(_ descriptor: FileDescriptor) {
    _ = process.begin(.unwatch)
    process.forget(process.socket(descriptor))
  }

  /// The most nanoseconds that a `wait` takes when its deadline has already passed.
  private static var pollDuration: UInt64 { 1_000 }

  /// Lets time pass until an event is ready or the deadline has passed. In three cases it returns 0
  /// earlier, as a real wait does for a signal:
  /// - `EventNoise` interrupts it.
  /// - Another process has work to do first.
  /// - No time may pass, because the horizon is reached or nothing is to come.
  package func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int {
    process.beginWait()
    try begin(.wait)
    if let deadline, deadline.nanoseconds < network.now {
      // A process that polls, with deadlines in the past, must see time pass.
      network.advance(to: min(network.now + Self.pollDuration, network.nextInstant ?? .max))
    }
    if process.isInterrupted() { return 0 }
    while true {
      let count = unsafe process.takeReady(into: events)
      if count > 0 { return count }
      if let deadline, deadline.nanoseconds <= network.now { return 0 }
      process.fallAsleep(until: deadline.map { $0.nanoseconds + network.dials.timerLateness })
      guard network.now < network.horizon, !network.hasWork(besides: process),
        let next = network.nextInstant
      else { return 0 }
      network.advance(to: next)
    }
  }

  package func clearWakeUp() { process.clearWakeUp() }

  package func callAttention() { process.callAttention() }
}
