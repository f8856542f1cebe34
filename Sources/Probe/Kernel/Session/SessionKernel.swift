import Addressing
import Linux
import Messages
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
  static var introduces: Bool { Talk.introduces }
  static var fillsIn: Bool { Talk.fillsIn }

  enum Stage: UInt8, BitwiseCopyable {
    /// Not a connection: a listener, an event counter.
    case plain
    /// The opening has not begun: a client's connection is not established, or nothing has come on a server's.
    case waiting
    case opening
    case open
    /// One of the ends has ended the session, and the connection still stands.
    case leaving
    case failed
  }

  /// How far a message that is being sent has come.
  struct Outgoing: BitwiseCopyable {
    /// Bytes of it that the kernel below has taken.
    var sent: UInt32 = 0
    /// Bytes of it that are still to be sent; 0 where no message is under way. A server has only 0 and 1 here.
    var remaining: UInt32 = 0
  }

  /// What the pings have to know of a connection.
  struct Vigil: BitwiseCopyable {
    private var bits: UInt8

    init(turns: UInt8 = 0, hasSpoken: Bool = false) { bits = turns | (hasSpoken ? 0x80 : 0) }

    /// Turns since the ping that has not been answered, from 1; 0 where all were. No more than 127.
    var turns: UInt8 {
      get { bits & 0x7F }
      set { bits = bits & 0x80 | newValue }
    }
    /// Whether something was sent since the last turn, where that matters.
    var hasSpoken: Bool {
      get { bits & 0x80 != 0 }
      set { bits = turns | (newValue ? 0x80 : 0) }
    }
  }

  var base: Base
  var session: Talk
  // By descriptor.
  let stages: Column<Stage>
  let outgoing: Column<Outgoing>
  let tokens: Column<UInt64>
  /// The events that the caller watches for; the kernel below may be asked for more (`wanted`).
  let callerEvents: Column<UInt32>
  /// What each connection has said and heard since its last ping; the column has no rows where nobody is pinged.
  let vigils: Column<Vigil>
  // Also by descriptor, and only of the few connections that have an entry.
  /// What came behind the opening.
  var surplus: [UInt32: [UInt8]] = [:]
  /// Bytes that the socket has not taken: of what was said, of a message's head, or of a message of one byte.
  var unsent: [UInt32: [UInt8]] = [:]
  /// What is to be said when the message under way is out.
  var owed: [UInt32: [UInt8]] = [:]
  /// A server's last words, which follow its answers to what came before the end.
  var farewells: [UInt32: [UInt8]] = [:]
  /// Connections whose sending is to be finished once `unsent` is out.
  var finishing: Set<UInt32> = []
  /// How a connection ends behind messages that a read has handed out.
  var behind: [UInt32: Transfer] = [:]
  var failures: [UInt32: LayerFailure] = [:]
  /// Why sending between two messages has failed. That call has taken the error off the socket.
  var broken: [UInt32: Errno] = [:]
  /// Connections that have ended without an event of the kernel below.
  var endedHere: [UInt32] = []
  var pings: Pings
  /// The kind of the messages that a client sends now; see `choose`.
  var kind = MessageKind.text
  /// Whether the last `receive` has left nothing to read.
  var isReadAll = false
  /// Room for bytes that have come, and for bytes that are to go out.
  let read: Scratch<UInt8>
  let written: Scratch<UInt8>

  /// The most bytes that are read at once, and sent at once.
  static var readSize: Int { 65_536 }

  /// - Parameters:
  ///   - kind: that of messages before the first `choose`.
  ///   - descriptors: every descriptor is below this number.
  init(
    _ base: consuming Base, _ session: consuming Talk, kind: MessageKind = .text,
    descriptors: Int
  ) throws(WorkerSetupFailure) {
    let pinged = session.mayPing ? descriptors : 0
    let mostHead = session.mostHead
    let stages = try starting(.map) { () throws(Errno) in try Column<Stage>(count: descriptors) }
    let outgoing = try starting(.map) { () throws(Errno) in
      try Column<Outgoing>(count: descriptors)
    }
    let tokens = try starting(.map) { () throws(Errno) in try Column<UInt64>(count: descriptors) }
    let callerEvents = try starting(.map) { () throws(Errno) in
      try Column<UInt32>(count: descriptors)
    }
    let vigils = try starting(.map) { () throws(Errno) in try Column<Vigil>(count: pinged) }
    let read = try starting(.map) { () throws(Errno) in try Scratch<UInt8>(count: Self.readSize) }
    let written = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: Self.readSize + mostHead)
    }
    pings = Pings(every: session.pingInterval)
    self.base = base
    self.session = session
    self.kind = kind
    self.stages = stages
    self.outgoing = outgoing
    self.tokens = tokens
    self.callerEvents = callerEvents
    self.vigils = vigils
    self.read = read
    self.written = written
  }

  /// Bytes that the columns take for each connection, with those of the session.
  static var bytesPerEnd: Int {
    MemoryLayout<Stage>.stride + MemoryLayout<Outgoing>.stride + MemoryLayout<UInt64>.stride
      + MemoryLayout<UInt32>.stride + MemoryLayout<Vigil>.stride + Talk.bytesPerEnd
  }

  // MARK: What is passed on

  mutating func now() -> Instant { base.now() }

  mutating func open(v6: Bool) throws(Errno) -> FileDescriptor { try base.open(v6: v6) }

  mutating func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    try base.reuseAddress(socket)
  }

  mutating func sendAtOnce(_ socket: FileDescriptor) throws(Errno) { try base.sendAtOnce(socket) }

  /// A connection that is not to be reset on close is closed in order: this end ends the session first, unless a
  /// message is under way.
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
    // A ping, or the answer to one, is small. A message that follows at once must not wait until it is acknowledged.
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
    case .opening: .underWay(Talk.call, missing: session.missing(row))
    case .open, .leaving, .failed: failures[row].map { .failed(Talk.call, $0.refusal) } ?? .none
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
    if pings.interval != nil { vigils[row] = Vigil() }
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

  mutating func introduce(_ socket: FileDescriptor, _ facts: MessageTemplate.Facts) {
    session.introduce(row(socket), facts)
  }

  @inline(__always)
  mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts) {
    session.choose(pattern, facts)
  }

  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int {
    unsafe session.writeHead(of: piece, into: room)
  }
}
