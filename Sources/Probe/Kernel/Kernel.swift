package import Addressing
package import Linux
package import Messages
package import SystemPackage

/// What the client and the server ask of the operating system, and nothing else.
///
/// `LinuxKernel` is the real one; a simulated one has virtual time and fails on demand. The loops
/// are generic over it, so that in a release build the calls are direct.
package protocol Kernel: ~Copyable {
  /// Whether connections carry messages instead of a stream of bytes. A read then brings `MessagePieces`. A client
  /// sends one message at a time: the first `send` is given the whole message, and every further `send` all that
  /// is left of it. A server sends messages as they stand on the wire; see `writeHead`.
  static var carriesMessages: Bool { get }
  /// Whether what it says to open a connection differs from one to the other, so that `introduce` tells it the facts
  /// that fill this in.
  static var introduces: Bool { get }
  /// Whether what it says for a message differs from one to the other, so that `choose` tells it these facts.
  static var fillsIn: Bool { get }

  mutating func now() -> Instant

  mutating func open(v6: Bool) throws(Errno) -> FileDescriptor
  mutating func reuseAddress(_ socket: FileDescriptor) throws(Errno)
  mutating func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno)
  /// Has small messages sent at once, though an earlier one is not acknowledged (TCP_NODELAY).
  mutating func sendAtOnce(_ socket: FileDescriptor) throws(Errno)
  mutating func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno)
  mutating func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno)
  mutating func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno)
  /// Nil when no connection waits.
  mutating func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket?
  /// Takes the error from the socket (SO_ERROR), so that it is reported once; nil when there is none.
  mutating func pendingError(_ socket: FileDescriptor) -> Errno?
  /// How far the layer on top of TCP has come with the opening of a connection, or why the layer has failed.
  mutating func layerStep(_ socket: FileDescriptor) -> LayerStep
  /// Whether one more connection may be begun now; if not, an event will come before that changes.
  mutating func mayConnect() -> Bool
  /// The most bytes that one read brings, however large the buffer. A read that brings fewer bytes,
  /// and does not fill its buffer, has left nothing to read (epoll(7), questions and answers), except
  /// what stands behind urgent data.
  var largestRead: Int { get }
  /// Whether the last read, which brought `count` bytes to a buffer of `room`, has left nothing to read, except
  /// what stands behind urgent data.
  mutating func hasReadAll(_ count: Int, of room: Int) -> Bool
  mutating func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer
  mutating func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer
  /// Sets the kind of the messages that are sent from now on.
  mutating func choose(_ kind: MessageKind)
  /// The facts of a connection whose handshake has just begun. Only where the kernel `introduces`.
  mutating func introduce(_ socket: FileDescriptor, _ facts: MessageTemplate.Facts)
  /// The pattern and the facts of the message that is sent next. Only where the kernel `fillsIn`.
  mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts)
  /// Writes the head that stands on the wire before a piece of a server's message; returns how many bytes it has.
  ///
  /// - Parameter room: has `MessagePiece.mostHead` bytes.
  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int
  /// Tells the peer that nothing more comes, with FIN; the peer may go on sending.
  mutating func finishSending(_ socket: FileDescriptor) throws(Errno)
  /// Writes to a pipe whose reader may be slow or gone: all bytes or, when the pipe is full, none.
  mutating func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer)
  mutating func close(_ descriptor: FileDescriptor)
  /// A descriptor of no use of its own, to be given back when the limit of descriptors is reached.
  mutating func openSpare() throws(Errno) -> FileDescriptor

  /// Has `wait` report events of a descriptor, each with this token.
  mutating func watch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno)
  /// As `watch`, for a descriptor that is watched: conditions that hold now are reported once more.
  mutating func rewatch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64) throws(Errno)
  mutating func unwatch(_ descriptor: FileDescriptor)
  /// Fills `events` and returns how many it has put there; 0 when the deadline or a signal came
  /// first.
  mutating func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int

  /// Resets the event counter by which the coordinator has woken this worker.
  mutating func clearWakeUp()
  /// Asks the coordinator to look at the scoreboard now instead of at its next tick.
  mutating func callAttention()
}

extension Kernel where Self: ~Copyable {
  package static var carriesMessages: Bool { false }
  package static var introduces: Bool { false }
  package static var fillsIn: Bool { false }

  @inline(__always)
  package mutating func choose(_ kind: MessageKind) {}

  package mutating func introduce(_ socket: FileDescriptor, _ facts: MessageTemplate.Facts) {}

  @inline(__always)
  package mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts) {}

  @inline(__always)
  package mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int { 0 }

  /// There is no such layer.
  package mutating func layerStep(_ socket: FileDescriptor) -> LayerStep { .none }

  @inline(__always)
  package mutating func mayConnect() -> Bool { true }

  @inline(__always)
  package mutating func hasReadAll(_ count: Int, of room: Int) -> Bool {
    count < min(room, largestRead)
  }
}

/// Descriptors that every worker holds besides its connections: standard input, output and error,
/// the wake-up, the call for attention, epoll and the spare.
package let descriptorsPerWorker = 7
