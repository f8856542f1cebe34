package import Addressing
import Glibc
package import Linux
package import SystemPackage
package import TLS
import WorkerLog

/// The columns of a `TLSKernel`.
package enum TLSColumns {
  /// Bytes that the columns take for each connection. For one of TLS 1.2, 18 KiB of its `Handshake` come on top.
  package static let bytesPerEnd =
    MemoryLayout<RecordState>.stride + MemoryLayout<UInt64>.stride + MemoryLayout<UInt32>.stride + 1
  /// Bytes that a worker's handshakes take while `mostUnderWay` are under way.
  package static let bytesOfHandshakes =
    TLSKernel<LinuxKernel>.mostUnderWay * TLSKernel<LinuxKernel>.bytesOfHandshake

  /// Bytes that the handshakes take that a client worker keeps at most, to overhear sessions of so many endpoints.
  package static func bytesOfListeners(endpoints: Int) -> Int {
    min(SessionStore.mostListenersInAll, SessionStore.mostTickets * endpoints)
      * TLSKernel<LinuxKernel>.bytesOfHandshake
  }
}

/// A kernel whose connections speak TLS; the client and the server that play on it do not notice.
///
/// It says "writable" of a client's socket only when TLS's handshake is over, so that a connection is
/// established when both handshakes are over. What its caller reads and sends is plaintext.
///
/// After a handshake of TLS 1.3 a connection is a `RecordState` in a column. There are `Handshake` objects only
/// while handshakes are under way, and for connections that are `kept`.
package struct TLSKernel<Base: Kernel & ~Copyable>: Kernel, ~Copyable {
  enum Stage: UInt8, BitwiseCopyable {
    /// Not a connection: a listener, an event counter, a socket before its `connect`.
    case plain
    /// TLS's handshake is under way, or has not begun: that is so while there is no `Handshake`.
    case handshaking
    /// A server's connection whose handshake waits for its turn (`turns`): something has come of it.
    case waiting
    /// TLS 1.3: the connection's `RecordState` stands in `states`.
    case open
    /// The connection keeps its `Handshake`, as there is no `RecordState` for it; so does every one of TLS 1.2.
    case kept
    case failed
  }

  var base: Base
  let context: TLSContext
  let board: Scoreboard
  let layer: RecordLayer
  // By descriptor.
  let stages: Column<Stage>
  let states: Column<RecordState>
  let tokens: Column<UInt64>
  /// The events that the caller watches for; the kernel below may be asked for more (`wanted`).
  let callerEvents: Column<UInt32>
  // Also by descriptor, and only of the connections that have an entry.
  var handshakes: [UInt32: Handshake] = [:]
  /// The beginning of a record whose rest has not come.
  var incomplete: [UInt32: [UInt8]] = [:]
  /// Ciphertext that the socket has not taken.
  var unsent: [UInt32: [UInt8]] = [:]
  /// Connections whose last byte of plaintext is sealed, in `unsent`, and not reported as sent yet.
  var withheld: Set<UInt32> = []
  /// Why sending what was put aside has failed. That call has taken the error off the socket; bytes that came before
  /// are still to be read.
  var broken: [UInt32: Errno] = [:]
  /// Connections whose sending is to be finished once `unsent` is out.
  var finishing: Set<UInt32> = []
  /// How a stream ends behind plaintext that a read has handed out; `wouldBlock` where it does not end and more
  /// plaintext is left.
  var behind: [UInt32: Transfer] = [:]
  var failures: [UInt32: LayerFailure] = [:]
  /// When each handshake under way began, in nanoseconds: a client's when TCP's was seen to be over.
  var beginnings: [UInt32: UInt64] = [:]
  /// Nanoseconds that a server gives a handshake.
  let timeout: UInt64
  /// A server's handshakes in the order in which they began, those that are over among them.
  var begun: [Begun] = []
  /// A server's connections that are `waiting`, the first to come first; those that are gone among them.
  var turns: [UInt32] = []
  /// Of a client that resumes sessions.
  var sessions: SessionStore
  var attempts: [UInt32: Attempt] = [:]
  var listeners: [UInt32: Listener] = [:]
  /// Handshakes that have begun and are not over.
  var underWay = 0
  /// A client's connections whose handshake has not begun: TCP's is not over, or nobody has seen yet that it is.
  var connecting = 0
  /// Whether more events may be waiting than the last `wait` has taken.
  var isBehind = false
  /// Whether the last `receive` has left nothing to read.
  var isReadAll = false
  /// Room for ciphertext that has come, and for ciphertext that is to go out.
  let read: Scratch<UInt8>
  let written: Scratch<UInt8>

  /// The most bytes that are read at once, and sealed at once.
  static var readSize: Int { 65_536 }
  /// While this many handshakes are under way, a client begins no other connection and a server no other handshake: each
  /// takes 40 KiB, and a processor takes more than 100 ms for this many.
  package static var mostUnderWay: Int { 512 }
  /// Bytes that a `Handshake` takes at most.
  static var bytesOfHandshake: Int { 40 << 10 }

  /// The most events that are taken at once while handshakes are under way. One step of a handshake takes up to
  /// 0.3 ms.
  static var mostSteps: Int { 32 }

  /// - Parameters:
  ///   - descriptors: every descriptor is below this number.
  ///   - resume: the share of a client's handshakes that are to resume a session, from 0 to 1.
  ///   - timeout: what a server gives a handshake, from when something has come. A client has its own
  ///     (`ClientAssignment.connectTimeout`).
  ///   - board: counts the handshakes.
  package init(
    _ base: consuming Base, _ context: TLSContext, descriptors: Int, resume: Double = 0,
    timeout: Duration = ServerAssignment.usualHandshakeTimeout, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    let stages = try starting(.map) { () throws(Errno) in try Column<Stage>(count: descriptors) }
    let states = try starting(.map) { () throws(Errno) in
      try Column<RecordState>(count: descriptors)
    }
    let tokens = try starting(.map) { () throws(Errno) in try Column<UInt64>(count: descriptors) }
    let callerEvents = try starting(.map) { () throws(Errno) in
      try Column<UInt32>(count: descriptors)
    }
    let read = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: Self.readSize + RecordLayer.longestRecord)
    }
    let written = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: RecordLayer.room(for: Self.readSize))
    }
    do {
      layer = try RecordLayer()
    } catch {
      // OpenSSL has no memory, or lacks a cipher that every build of it has.
      throw WorkerSetupFailure(call: .map, errno: .noMemory)
    }
    self.base = base
    self.context = context
    self.board = board
    self.timeout = timeout.nanoseconds
    sessions = SessionStore(share: context.isServer ? 0 : resume)
    self.stages = stages
    self.states = states
    self.tokens = tokens
    self.callerEvents = callerEvents
    self.read = read
    self.written = written
  }

  // MARK: What is passed on

  package mutating func now() -> Instant { base.now() }

  package mutating func open(v6: Bool) throws(Errno) -> FileDescriptor { try base.open(v6: v6) }

  package mutating func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    try base.reuseAddress(socket)
  }

  /// A connection that is not to be reset on close is closed in order: close_notify goes out first, if the socket
  /// has room.
  package mutating func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    if !on { sayClose(row(socket)) }
    try base.resetOnClose(socket, on)
  }

  package mutating func sendAtOnce(_ socket: FileDescriptor) throws(Errno) {
    try base.sendAtOnce(socket)
  }

  package mutating func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    try base.bind(socket, to: address)
  }

  package mutating func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    try base.listen(socket, backlog: backlog)
  }

  package mutating func tell(_ pipe: FileDescriptor, _ bytes: UnsafeRawBufferPointer) {
    unsafe base.tell(pipe, bytes)
  }

  package mutating func openSpare() throws(Errno) -> FileDescriptor { try base.openSpare() }

  package mutating func clearWakeUp() { base.clearWakeUp() }

  package mutating func callAttention() { base.callAttention() }

  // MARK: Connections

  package mutating func connect(
    _ socket: FileDescriptor, to address: SocketAddress
  ) throws(Errno) {
    // The first message must not wait until the handshake's last one, right before it, is acknowledged: no answer of
    // the peer's may bring that acknowledgement along.
    try base.sendAtOnce(socket)
    try base.connect(socket, to: address)
    stages[row(socket)] = .handshaking
    connecting += 1
    if sessions.isNeeded { attempts[row(socket)] = Attempt(endpoint: address) }
  }

  package mutating func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    let accepted = try base.accept(listener)
    // A descriptor beyond the table is closed by the server.
    if let accepted, Int(accepted.descriptor.rawValue) < stages.count {
      try? base.sendAtOnce(accepted.descriptor)
      stages[row(accepted.descriptor)] = .handshaking
    }
    return accepted
  }

  package mutating func pendingError(_ socket: FileDescriptor) -> Errno? {
    let row = row(socket)
    return stages[row] == .failed ? failure(row).errno : base.pendingError(socket)
  }

  package mutating func layerStep(_ socket: FileDescriptor) -> LayerStep {
    let row = row(socket)
    return switch stages[row] {
    case .plain: .none
    case .handshaking:
      handshakes[row] == nil
        ? .none : .underWay(.secure, missing: "TLS's handshake not over")
    case .waiting: .none
    case .open, .kept: failures[row].map { .failed(.secure, $0.refusal) } ?? .none
    case .failed: .failed(.secure, failure(row).refusal)
    }
  }

  /// While events wait, every handshake of TCP's is taken to be over, and that of TLS to be under way. Else more and
  /// more connections would wait for their turn, and time out unseen.
  package mutating func mayConnect() -> Bool {
    underWay + (isBehind ? connecting : 0) < Self.mostUnderWay
  }

  package mutating func close(_ descriptor: FileDescriptor) {
    let row = row(descriptor)
    if Int(row) < stages.count, stages[row] != .plain { forget(row) }
    base.close(descriptor)
  }

  /// Not inlined, as the dictionaries count references.
  @inline(never)
  private mutating func forget(_ row: UInt32) {
    if stages[row] == .handshaking {
      if handshakes[row] != nil { underWay -= 1 } else if !context.isServer { connecting -= 1 }
    }
    // No secret stays in memory longer than its connection.
    unsafe explicit_bzero(states.pointer(at: row), MemoryLayout<RecordState>.stride)
    stages[row] = .plain
    handshakes[row] = nil
    beginnings[row] = nil
    if !attempts.isEmpty { forgetAttempt(row, isRefused: false) }
    if !listeners.isEmpty { stopListening(row) }
    incomplete[row] = nil
    unsent[row] = nil
    withheld.remove(row)
    finishing.remove(row)
    behind[row] = nil
    broken[row] = nil
    failures[row] = nil
  }

  func row(_ descriptor: FileDescriptor) -> UInt32 { UInt32(bitPattern: descriptor.rawValue) }

  private func failure(_ row: UInt32) -> LayerFailure {
    failures[row] ?? LayerFailure(words: "", errno: .protocolError)
  }

  // MARK: Events

  package mutating func watch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    note(descriptor, events, token)
    try base.watch(descriptor, wanted(descriptor, events), token: tokenBelow(row(descriptor)))
  }

  package mutating func rewatch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    note(descriptor, events, token)
    try base.rewatch(descriptor, wanted(descriptor, events), token: tokenBelow(row(descriptor)))
  }

  package mutating func unwatch(_ descriptor: FileDescriptor) { base.unwatch(descriptor) }

  private func note(_ descriptor: FileDescriptor, _ events: EpollEvents, _ token: UInt64) {
    tokens[row(descriptor)] = token
    callerEvents[row(descriptor)] = events.rawValue
  }

  /// What an event carries through the kernel below: the descriptor, and the generation of its caller's token.
  func tokenBelow(_ row: UInt32) -> UInt64 { (tokens[row] & ~0xFFFF_FFFF) | UInt64(row) }

  /// The events that the kernel below is asked for where the caller wants `events`: on a connection, always for room
  /// as well. Handshakes, and what a peer is owed, have to be sent even where the caller has nothing to send. The edge
  /// costs nothing while there is room: it comes when a full socket has room again.
  func wanted(_ descriptor: FileDescriptor, _ events: EpollEvents) -> EpollEvents {
    stages[row(descriptor)] == .plain || !events.has(.edgeTriggered) ? events : events | .writable
  }

  package mutating func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int {
    // `passedOn` may take a step of a handshake for each of these events, before the caller sees and times the first.
    let most = underWay > 0 ? min(events.count, Self.mostSteps) : events.count
    let isServing = context.isServer && (underWay > 0 || !turns.isEmpty)
    let count = unsafe try base.wait(
      into: UnsafeMutableBufferPointer(rebasing: events[..<most]),
      until: isServing ? nextInstant(deadline) : deadline)
    isBehind = count == most
    let passed = unsafe LayerEvents.passOn(events, count) { row, event in
      // An event of a connection that is gone.
      guard tokenBelow(row) == event.token else { return nil }
      return ReadyEvent(token: tokens[row], seen: passedOn(row, event.seen))
    }
    return unsafe isServing ? takeTurns(events, behind: passed) : passed
  }

  /// What the caller is told of an event.
  private mutating func passedOn(_ row: UInt32, _ seen: EpollEvents) -> EpollEvents {
    switch stages[row] {
    case .plain: return seen
    case .waiting:
      guard seen.has(.error | .hangUp) else { return .none }
      // A reset says nothing of TLS, whether or not the handshake has begun (`advance`).
      let error = base.pendingError(FileDescriptor(rawValue: Int32(bitPattern: row)))
      fail(row, error.map(LayerFailure.init(broken:)) ?? LayerFailure(.closed, sent: nil))
      return .readable
    case .failed: return context.isServer ? .readable : .error
    case .handshaking:
      if handshakes[row] == nil {
        // A server's handshake begins when something has come, a client's unless that of TCP has failed.
        if context.isServer {
          guard seen.has(.readable | .peerHangUp | .error | .hangUp) else { return .none }
          // What is broken ends at once, and needs no turn.
          guard seen.has(.error | .hangUp) || !awaitsTurn(row) else { return .none }
        } else {
          guard !seen.has(.error) else { return seen }
        }
      }
      advance(row)
      switch stages[row] {
      case .handshaking, .waiting: return .none
      case .failed: return context.isServer ? .readable : .error
      case .plain, .open, .kept:
        // What came behind the handshake may have been read already, and no further edge will tell of it.
        return context.isServer ? .readable : .readable | .writable
      }
    case .open, .kept:
      var told = seen
      if seen.has(.writable) {
        if !unsent.isEmpty, !flush(row) { told = told.without(.writable) }
        // Plaintext or an end that the socket does not hold any more brings no event of its own. `rewatch` asks for
        // room, so the event of room comes here, and tells the caller to read.
        if !behind.isEmpty, behind[row] != nil { told = told | .readable }
      }
      return EpollEvents(rawValue: callerEvents[row]).has(.writable)
        ? told : told.without(.writable)
    }
  }
}
