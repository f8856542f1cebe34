package import Addressing
package import Linux
package import SystemPackage

/// What the client and the server ask of the operating system, and nothing else.
///
/// `LinuxKernel` is the real one; a simulated one has virtual time and fails on demand. The loops
/// are generic over it, so that in a release build the calls are direct.
package protocol Kernel: ~Copyable {
  mutating func now() -> Instant

  mutating func open(v6: Bool) throws(Errno) -> FileDescriptor
  mutating func reuseAddress(_ socket: FileDescriptor) throws(Errno)
  mutating func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno)
  mutating func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno)
  mutating func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno)
  mutating func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno)
  mutating func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket?
  mutating func pendingError(_ socket: FileDescriptor) -> Errno?
  /// Bytes that one read brings at most, however large the buffer. Where it brings fewer than this,
  /// and than the buffer takes, nothing more is there (epoll(7), questions and answers).
  var largestRead: Int { get }
  mutating func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer
  mutating func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer
  /// Tells the other side that nothing more comes; it may go on sending.
  mutating func finishSending(_ socket: FileDescriptor) throws(Errno)
  /// Writes to a pipe whose reader may be slow or gone: all of it or, when it is full, nothing.
  mutating func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer)
  mutating func close(_ descriptor: FileDescriptor)
  /// A descriptor that stands for nothing: something to give back when none is left.
  mutating func openSpare() throws(Errno) -> FileDescriptor

  mutating func watch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno)
  mutating func rewatch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno)
  mutating func unwatch(_ descriptor: FileDescriptor)
  /// Fills `events` and returns how many there are; 0 when the deadline or a signal came first.
  mutating func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int

  /// Takes the wake-up that announced an order.
  mutating func clearWakeUp()
  /// Tells the coordinator that something has changed that it should look at now.
  mutating func callAttention()
}

/// Descriptors that every worker holds besides its connections: standard input, output and error,
/// the wake-up, the call for attention, epoll and the spare.
package let descriptorsPerWorker = 7
