package import Addressing
package import Linux
package import SystemPackage
import WorkerLog

/// The real kernel, through one epoll instance.
package struct LinuxKernel: Kernel, ~Copyable {
  private let epoll: FileDescriptor
  private let wakeUp: FileDescriptor
  private let attention: FileDescriptor

  /// - Parameters:
  ///   - wakeUp: an event counter that becomes readable when an order has been written.
  ///   - attention: an event counter that the coordinator polls.
  package init(wakeUp: FileDescriptor, attention: FileDescriptor) throws(WorkerSetupFailure) {
    let epoll = try starting(.epollCreate) { () throws(Errno) in try Epoll.open() }
    try starting(.epollControl) { () throws(Errno) in
      try Epoll.control(epoll, .add, wakeUp, .readable, token: Token.wakeUp.rawValue)
    }
    self.epoll = epoll
    self.wakeUp = wakeUp
    self.attention = attention
  }

  package func now() -> Instant { .now() }

  package func open(v6: Bool) throws(Errno) -> FileDescriptor { try Socket.open(v6: v6) }

  package func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    try Socket.reuseAddress(socket)
  }

  package func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    try Socket.resetOnClose(socket, on)
  }

  package func sendAtOnce(_ socket: FileDescriptor) throws(Errno) {
    try Socket.sendAtOnce(socket)
  }

  package func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try Socket.bind(socket, to: address)
  }

  package func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    try Socket.listen(socket, backlog: backlog)
  }

  package func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try Socket.connect(socket, to: address)
  }

  package func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    try Socket.accept(listener)
  }

  package func pendingError(_ socket: FileDescriptor) -> Errno? { Socket.pendingError(socket) }

  package var largestRead: Int { .max }

  package func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    unsafe Socket.receive(socket, into: buffer)
  }

  package func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    unsafe Socket.send(socket, bytes)
  }

  package func finishSending(_ socket: FileDescriptor) throws(Errno) {
    try Socket.finishSending(socket)
  }

  package func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer) {
    _ = unsafe Pipe.write(pipe, bytes)
  }

  package func close(_ descriptor: FileDescriptor) { Socket.close(descriptor) }

  package func openSpare() throws(Errno) -> FileDescriptor { try EventCounter.open() }

  package func watch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    try Epoll.control(epoll, .add, descriptor, events, token: token)
  }

  package func rewatch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    try Epoll.control(epoll, .modify, descriptor, events, token: token)
  }

  package func unwatch(_ descriptor: FileDescriptor) {
    try? Epoll.control(epoll, .delete, descriptor, .none, token: 0)
  }

  package func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int {
    unsafe try Epoll.wait(epoll, into: events, until: deadline)
  }

  package func clearWakeUp() { EventCounter.clear(wakeUp) }

  package func callAttention() { EventCounter.signal(attention) }
}
