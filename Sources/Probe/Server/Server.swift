import Addressing
import Linux
import Messages
import Protocols
import SystemPackage
import WorkerLog

/// The server end: one worker's epoll loop.
///
/// The server reads once per event, and has epoll report the connection again when there may be more.
/// It answers at once and waits for EPOLLOUT only when the socket is full; with
/// `ServerReadiness.rearm` it always waits. Connections are edge-triggered: level-triggered, the
/// kernel would look at each of them a second time in the next wait, to find nothing. Methods
/// that change nothing and are not inlined are mutating all the same: for one that is not, the compiler copies the
/// server's bytes at each call, although the type is `~Copyable`.
package struct Server<System: Kernel & ~Copyable>: ~Copyable {
  /// The most connections to accept before those that stand are served again.
  static var batch: Int { 64 }
  /// Nanoseconds for which to leave the listener alone at a limit that is not this process's own: no
  /// event tells this process when that limit is gone.
  static var pause: UInt64 { 100_000_000 }

  var kernel: System
  let board: Scoreboard
  let assignment: ServerAssignment
  let reply: CompiledReply
  /// Used only where the server speaks HTTP.
  let replies: HTTPReplies
  let events: Scratch<ReadyEvent>
  /// Room for the bytes of one read.
  let bytes: Scratch<UInt8>
  /// Room for one `ReceivedFrame`.
  let frame: Scratch<UInt8>
  /// `responseCount` bytes of HTTP responses, or of messages, that are to go out together; see `answerRequests` and
  /// `answerMessages`.
  let responses: Scratch<UInt8>
  var responseCount = 0
  /// `ServerAssignment.clients`, in memory that the loop reads without counting references.
  let clients: Scratch<AddressSpan>
  /// A descriptor of no other use. It is closed at a limit, because whoever reports the limit needs
  /// one, and opened again when the server listens again.
  var spare: FileDescriptor?
  var listener: FileDescriptor?
  var listening = Listening.off

  // Rows are indexed by descriptor: the kernel hands out the lowest free one, so the table stays
  // as dense as the connections are.
  /// Whether a connection has the descriptor.
  let open: Column<Bool>
  let origins: Column<Origin>
  let generations: Column<UInt16>
  /// The reader of each connection's requests. Has no rows unless the server speaks HTTP.
  let requests: Column<HTTPReader>
  /// The highest descriptor that a connection has had.
  var topmost: UInt32 = 0
  /// By descriptor: bytes that wait until their socket takes them. These are what a full socket has left over and,
  /// with `ServerReadiness.rearm`, every answer.
  var unsent: [UInt32: [UInt8]] = [:]
  /// By descriptor: requests of HTTP that have been read, and wait until what is `unsent` is sent. Never more than one
  /// read brings.
  var unanswered: [UInt32: [UInt8]] = [:]

  var command = Scoreboard.Command(
    order: .wait, phase: 0, start: Instant(nanoseconds: 0))
  var now = Instant(nanoseconds: 0)
  var pushing = Pushing(next: .distantFuture)

  enum Listening: Equatable {
    /// Off: there is no listener. On: epoll watches it.
    case off, on
    /// At this process's limit of descriptors: the server listens again as soon as a connection closes.
    case full
    /// At any other limit: the server tries to listen again at that instant.
    case paused(until: Instant)
  }

  package init(
    kernel: consuming System, assignment: ServerAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    let events = try starting(.map) { () throws(Errno) in try Scratch<ReadyEvent>(count: 256) }
    let bytes = try starting(.map) { () throws(Errno) in try Scratch<UInt8>(count: 65_536) }
    let frame = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: ReceivedFrame.longest)
    }
    let kind = assignment.webSocket?.kind ?? .text
    let reply = try starting(.map) { () throws(Errno) in
      try CompiledReply(assignment.reply) { count in
        var head = [UInt8](repeating: 0, count: MessagePiece.mostHead)
        let length = unsafe head.withUnsafeMutableBytes {
          unsafe kernel.writeHead(of: MessagePiece(kind, count: count), into: $0)
        }
        return Array(head[..<length])
      }
    }
    let replies = try starting(.map) { () throws(Errno) in try HTTPReplies(assignment.reply) }
    let responses = try starting(.map) { () throws(Errno) in
      try Scratch<UInt8>(count: assignment.speaksHTTP || System.carriesMessages ? 65_536 : 1)
    }
    let requests = try starting(.map) { () throws(Errno) in
      try Column<HTTPReader>(count: assignment.speaksHTTP ? assignment.descriptorLimit : 0)
    }
    let open = try starting(.map) { () throws(Errno) in
      try Column<Bool>(count: assignment.descriptorLimit)
    }
    let origins = try starting(.map) { () throws(Errno) in
      try Column<Origin>(count: assignment.descriptorLimit)
    }
    let clients = try starting(.map) { () throws(Errno) in
      try Scratch<AddressSpan>(copying: assignment.clients)
    }
    let generations = try starting(.map) { () throws(Errno) in
      try Column<UInt16>(count: assignment.descriptorLimit)
    }
    do throws(Errno) {
      spare = try kernel.openSpare()
    } catch {
      throw WorkerSetupFailure(call: .eventCounter, errno: error)
    }
    self.kernel = kernel
    self.assignment = assignment
    self.board = board
    self.events = events
    self.bytes = bytes
    self.frame = frame
    self.reply = reply
    self.replies = replies
    self.responses = responses
    self.requests = requests
    self.open = open
    self.origins = origins
    self.clients = clients
    self.generations = generations
    now = self.kernel.now()
    pushing.next = now.advanced(byNanoseconds: self.reply.every)
    startListening()
  }

  /// Waits for events and handles them, then does what is due; false when told to quit, or when waiting
  /// fails.
  @inline(never)
  package mutating func turn() -> Bool {
    board.add(.turns)
    let count: Int
    do throws(Errno) {
      count = unsafe try kernel.wait(into: events.buffer, until: nextInstant())
    } catch {
      return failLoop(error)
    }
    now = kernel.now()
    for index in 0..<count {
      let event = unsafe events.buffer[index]
      handle(Token(rawValue: event.token), event.seen)
    }
    if let attempt = nextAttempt(), attempt <= now { resumeListening() }
    push()
    return command.order != .quit
  }

  /// When to be back without an event; nil to wait for events alone.
  private mutating func nextInstant() -> Instant? {
    guard let attempt = nextAttempt() else { return nextPush() }
    return nextPush().map { min($0, attempt) } ?? attempt
  }

  private mutating func handle(_ token: Token, _ seen: EpollEvents) {
    switch token.rawValue {
    case Token.wakeUp.rawValue:
      obey()
    case Token.listener.rawValue:
      accept()
    default:
      serve(token, seen)
    }
  }

  // MARK: Counting

  /// `wait` has failed: the worker cannot receive anything any more, not even an order.
  @inline(never)
  private mutating func failLoop(_ error: Errno) -> Bool {
    now = kernel.now()
    count(.epollWait, error)
    board[.state] = WorkerState.failed.rawValue
    kernel.callAttention()
    return false
  }

  /// Counts a failure of a call. `held` includes all connections from the clients' addresses; among those from
  /// ephemeral ports, other programs' may be (`FailureLedger.held`).
  mutating func count(_ call: FailedCall, _ error: Errno) {
    board.add(.failures)
    board.failures.add(
      call, error, phase: command.phase, at: now, held: board[.held] + board[.ephemeralHeld],
      position: nil)
  }
}
