import Addressing
import Linux
import Probe
import SystemPackage
import Testing

extension Tag {
  /// Needs the real kernel: sockets on 127.0.0.0/8, in small numbers.
  @Tag static var realKernel: Tag
}

/// The real kernel, except that it never waits long: client and server share a thread.
struct SteppedKernel: Kernel, ~Copyable {
  private let kernel: LinuxKernel
  private let wakeUp: FileDescriptor

  init(wakeUp: FileDescriptor, attention: FileDescriptor) throws(WorkerSetupFailure) {
    kernel = try LinuxKernel(wakeUp: wakeUp, attention: attention)
    self.wakeUp = wakeUp
  }

  func now() -> Instant { kernel.now() }
  func open(v6: Bool) throws(Errno) -> FileDescriptor { try kernel.open(v6: v6) }
  func openSpare() throws(Errno) -> FileDescriptor { try kernel.openSpare() }
  func reuseAddress(_ socket: FileDescriptor) throws(Errno) { try kernel.reuseAddress(socket) }

  func sendAtOnce(_ socket: FileDescriptor) throws(Errno) {
    try kernel.sendAtOnce(socket)
  }
  func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    try kernel.resetOnClose(socket, on)
  }

  func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try kernel.bind(socket, to: address)
  }

  func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    try kernel.listen(socket, backlog: backlog)
  }

  func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try kernel.connect(socket, to: address)
  }

  func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    try kernel.accept(listener)
  }

  func pendingError(_ socket: FileDescriptor) -> Errno? { kernel.pendingError(socket) }

  var largestRead: Int { kernel.largestRead }

  func receive(_ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    kernel.receive(socket, into: buffer)
  }

  func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    kernel.send(socket, bytes)
  }

  func finishSending(_ socket: FileDescriptor) throws(Errno) { try kernel.finishSending(socket) }

  func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer) { kernel.tell(pipe, bytes) }

  func close(_ descriptor: FileDescriptor) { kernel.close(descriptor) }

  func watch(_ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno) {
    try kernel.watch(descriptor, events, token: token)
  }

  func rewatch(_ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno) {
    try kernel.rewatch(descriptor, events, token: token)
  }

  func unwatch(_ descriptor: FileDescriptor) { kernel.unwatch(descriptor) }

  func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int {
    let soon = Instant.now().advanced(byNanoseconds: 200_000)
    return try kernel.wait(into: events, until: deadline.map { min($0, soon) } ?? soon)
  }

  func clearWakeUp() { kernel.clearWakeUp() }
  func callAttention() { kernel.callAttention() }
}
