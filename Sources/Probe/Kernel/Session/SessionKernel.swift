import Addressing
import Linux
import SystemPackage
import WorkerLog

/// A kernel whose connections carry the messages of a protocol; the client and the server that play on it see
/// nothing of how it opens, keeps and ends them.
///
/// It says "writable" of a client's socket only when the protocol's opening is over. What it reads are
/// `MessagePieces`; see `Kernel.carriesMessages` for what it sends. It stands on any kernel, so on one of TLS.
struct SessionKernel<Base: Kernel & ~Copyable, Talk: Session & ~Copyable>: Kernel,
  ~Copyable
{
  static var carriesMessages: Bool { true }

  enum Stage: UInt8, BitwiseCopyable {
    /// Not a connection: a listener, an event counter.
    case plain
    /// The kernel below has not finished: a client's connection is not established, a server's says nothing.
    case waiting
    case opening
    case open
    /// The peer has ended the session, and is to end the connection.
    case leaving
    case failed
  }

  /// How far a message that is being sent has come.
  struct Outgoing: BitwiseCopyable {
    /// Bytes of it that the kernel below has taken.
    var sent: UInt32 = 0
    /// Bytes that are to come; 0 where no message is under way. Of a server only whether some are.
    var remaining: UInt32 = 0
  }

  var base: Base
  var session: Talk
  // By descriptor.
  let stages: Column<Stage>
  let outgoing: Column<Outgoing>
  let tokens: Column<UInt64>
  /// What the caller watches for. The kernel below watches for room as well, wherever something may have to be said.
  let masks: Column<UInt32>
  /// Whether a ping has not been answered; of no rows where none is pinged.
  let awaited: Column<Bool>
  /// Also by descriptor, and only of the few that have one: what came behind the opening.
  var surplus: [UInt32: [UInt8]] = [:]
  /// What the socket has not taken of what was said, or of what stands before a message.
  var unsent: [UInt32: [UInt8]] = [:]
  /// What is to be said when the message under way is out.
  var owed: [UInt32: [UInt8]] = [:]
  /// A server's last words, which follow its answers to what came before the end.
  var farewells: [UInt32: [UInt8]] = [:]
  /// Those that have nothing more to say once `unsent` is out.
  var finishing: Set<UInt32> = []
  /// How a connection ends behind messages that were handed out, or that its peer is leaving.
  var behind: [UInt32: Transfer] = [:]
  var failures: [UInt32: LayerFailure] = [:]
  /// Those on which sending between two messages has failed. The error was taken from the socket by that.
  var broken: [UInt32: Errno] = [:]
  /// Those whose peer is leaving, in the order in which it said so.
  var leaving = Leaving()
  /// Those that ended without an event of the kernel below.
  var endedHere: [UInt32] = []
  var pings: Pings
  var kind = MessageKind.text
  /// Whether the last `receive` has left nothing to read.
  var isReadAll = false
  /// Bytes that have come, and that are to go.
  let read: Scratch<UInt8>
  let written: Scratch<UInt8>

  /// The most bytes that are read at once, and sent at once.
  static var readSize: Int { 65_536 }

  /// - Parameters:
  ///   - kind: of the messages; see `choose`.
  ///   - descriptors: every descriptor is below this number.
  init(
    _ base: consuming Base, _ session: consuming Talk, kind: MessageKind = .text,
    descriptors: Int
  ) throws(WorkerSetupFailure) {
    let pinged = session.pingInterval == nil ? 0 : descriptors
    let stages = try starting(.map) { () throws(Errno) in try Column<Stage>(count: descriptors) }
    let outgoing = try starting(.map) { () throws(Errno) in
      try Column<Outgoing>(count: descriptors)
    }
    let tokens = try starting(.map) { () throws(Errno) in try Column<UInt64>(count: descriptors) }
    let masks = try starting(.map) { () throws(Errno) in try Column<UInt32>(count: descriptors) }
    let awaited = try starting(.map) { () throws(Errno) in try Column<Bool>(count: pinged) }
    let read = try starting(.map) { () throws(Errno) in try Scratch<UInt8>(count: Self.readSize) }
    let written = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: Self.readSize + MessagePiece.mostHead)
    }
    pings = Pings(every: session.pingInterval)
    self.base = base
    self.session = session
    self.kind = kind
    self.stages = stages
    self.outgoing = outgoing
    self.tokens = tokens
    self.masks = masks
    self.awaited = awaited
    self.read = read
    self.written = written
  }

  /// Bytes that the columns have for each connection.
  static var bytesPerEnd: Int {
    MemoryLayout<Stage>.stride + MemoryLayout<Outgoing>.stride + MemoryLayout<UInt64>.stride
      + MemoryLayout<UInt32>.stride + MemoryLayout<Bool>.stride + Talk.bytesPerEnd
  }

  // MARK: What is passed on

  mutating func now() -> Instant { base.now() }

  mutating func open(v6: Bool) throws(Errno) -> FileDescriptor { try base.open(v6: v6) }

  mutating func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    try base.reuseAddress(socket)
  }

  mutating func sendAtOnce(_ socket: FileDescriptor) throws(Errno) { try base.sendAtOnce(socket) }

  /// A connection that does not reset on close is closed in order: it says so, unless a message is under way.
  mutating func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    if !on { sayGoodbye(row(socket)) }
    try base.resetOnClose(socket, on)
  }

  mutating func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try base.bind(socket, to: address)
  }

  mutating func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    try base.listen(socket, backlog: backlog)
  }

  mutating func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer) {
    unsafe base.tell(pipe, bytes)
  }

  mutating func openSpare() throws(Errno) -> FileDescriptor { try base.openSpare() }

  mutating func clearWakeUp() { base.clearWakeUp() }

  mutating func callAttention() { base.callAttention() }

  mutating func mayConnect() -> Bool { base.mayConnect() }

  // MARK: Connections

  mutating func connect(
    _ socket: FileDescriptor, to address: SocketAddress
  ) throws(Errno) {
    // Pings, and answers to them, are small, and a message may follow at once.
    try base.sendAtOnce(socket)
    try base.connect(socket, to: address)
    stages[row(socket)] = .waiting
  }

  mutating func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    let accepted = try base.accept(listener)
    // A descriptor beyond the table is closed by the server.
    if let accepted, Int(accepted.descriptor.rawValue) < stages.count {
      try? base.sendAtOnce(accepted.descriptor)
      stages[row(accepted.descriptor)] = .waiting
    }
    return accepted
  }

  mutating func pendingError(_ socket: FileDescriptor) -> Errno? {
    let row = row(socket)
    return stages[row] == .failed ? failures[row]?.errno : base.pendingError(socket)
  }

  mutating func layerStep(_ socket: FileDescriptor) -> LayerStep {
    let below = base.layerStep(socket)
    if case .failed = below { return below }
    let row = row(socket)
    return switch stages[row] {
    case .opening: .underWay(Talk.call)
    case .open, .leaving, .failed: failures[row].map { .failed(Talk.call, $0.words) } ?? .none
    case .plain, .waiting: below
    }
  }

  mutating func close(_ descriptor: FileDescriptor) {
    let row = row(descriptor)
    if Int(row) < stages.count, stages[row] != .plain { forget(row) }
    base.close(descriptor)
  }

  /// Not inlined, as the dictionaries count references.
  @inline(never)
  private mutating func forget(_ row: UInt32) {
    stages[row] = .plain
    outgoing[row] = Outgoing()
    if pings.interval != nil { awaited[row] = false }
    session.forget(row)
    surplus[row] = nil
    unsent[row] = nil
    owed[row] = nil
    farewells[row] = nil
    finishing.remove(row)
    behind[row] = nil
    broken[row] = nil
    failures[row] = nil
  }

  func row(_ descriptor: FileDescriptor) -> UInt32 { UInt32(bitPattern: descriptor.rawValue) }

  func socket(_ row: UInt32) -> FileDescriptor { FileDescriptor(rawValue: Int32(bitPattern: row)) }

  mutating func choose(_ kind: MessageKind) { self.kind = kind }

  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int {
    unsafe session.writeHead(of: piece, into: room)
  }
}
