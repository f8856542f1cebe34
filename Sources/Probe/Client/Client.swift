import Addressing
import Linux
import Messages
import SystemPackage
import WorkerLog

/// The client end: one worker's edge-triggered epoll loop.
///
/// It opens connections when the schedule says so, whether or not earlier ones have been answered
/// (an open loop), each from a source address and port of its own choice, and registers each
/// socket once. `turn` is the whole loop body, so that a test can step it by hand.
///
/// Large methods that are called on every turn are `mutating` even where they change nothing: Swift
/// would pass a copy of this struct to a method that is not `mutating`.
package struct Client<System: Kernel & ~Copyable>: ~Copyable {
  /// What every socket is watched for. Epoll announces an edge once, so the client reads on an edge
  /// until nothing is left.
  static var watchedEvents: EpollEvents {
    .readable | .urgent | .writable | .peerHangUp | .edgeTriggered
  }

  typealias Connections = ClientConnections<System>

  var connections: Connections
  var messageEngine: MessageEngine<System>
  private let events: Scratch<ReadyEvent>
  let bytes: Scratch<UInt8>
  /// A descriptor of no other use. It is closed at a limit, because whoever reports the limit needs
  /// a free one; nil from then on.
  var spare: FileDescriptor?
  /// Whether the socket of the last event may have more bytes than are read for one event.
  var isFlooded = false

  /// The order in force.
  var command = Scoreboard.Command(
    order: .wait, phase: 0, start: Instant(nanoseconds: 0))
  var work = Work.none
  /// Whether the order in force is a search's step down, and not carried out yet.
  var stepsDown = false
  /// When each connection is opened or closed.
  var schedule = Schedule(start: Instant(nanoseconds: 0), rate: nil)
  var opening = Opening()
  /// When a ramp waits no longer for what is on its way back; nil before it waits.
  var returnsWaitUntil: Instant?
  /// When the phase may be settled, where only that instant is waited for.
  var settlesAt: Instant?

  /// What is left to do in the current phase.
  enum Work {
    case none
    /// `Client.opening` says what is still to be begun.
    case opening
    /// `done` connections of the phase are closed; the table is looked through from `slot` on.
    case closing(done: Int, slot: UInt32, reset: Bool)
    /// `excess` connections are still to be closed, from the slot before `below` down.
    case shedding(excess: Int, below: UInt32)
    /// The share that a storm cuts is not cut whole.
    case cutting(Cut)
    /// Nothing more will be begun; something is still under way.
    case settling
    /// The connections from `slot` on are still to be sent the byte that verifies them.
    case verifying(slot: UInt32)
  }

  /// How far a storm has come in cutting connections.
  struct Cut: BitwiseCopyable {
    /// How many are still to be cut.
    var remaining: Int
    /// The row to go on from.
    var slot: UInt32 = 0
    /// The connections held in the rows from there on. Each is cut with the chance `remaining / candidates`,
    /// which makes exactly as many as are to be cut.
    var candidates: Int
    var reset: Bool
  }

  package init(
    kernel: consuming System, assignment: ClientAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    let messageEngine = try starting(.map) { () throws(Errno) in
      try MessageEngine<System>(assignment)
    }
    let events = try starting(.map) { () throws(Errno) in try Scratch<ReadyEvent>(count: 256) }
    let bytes = try starting(.map) { () throws(Errno) in try Scratch<UInt8>(count: 65_536) }
    var connections = try Connections(kernel: kernel, assignment: assignment, board: board)
    do throws(Errno) {
      spare = try connections.kernel.openSpare()
    } catch {
      throw WorkerSetupFailure(call: .eventCounter, errno: error)
    }
    self.connections = connections
    self.messageEngine = messageEngine
    self.events = events
    self.bytes = bytes
    board[.state] = WorkerState.ready.rawValue
  }

  /// Does what is due, then waits for events and handles them; false when told to quit, or when
  /// waiting fails.
  ///
  /// Never inlined, so that `Benchmarks/run loop` finds it.
  @inline(never)
  package mutating func turn() -> Bool {
    connections.board.add(.turns)
    let wake = beginAndEndDue()
    connections.notes.flush(before: wake)
    let count: Int
    do throws(Errno) {
      count = unsafe try connections.kernel.wait(into: events.buffer, until: wake)
    } catch {
      return failLoop(error)
    }
    connections.readClock()
    for index in 0..<count {
      let event = unsafe events.buffer[index]
      handle(Token(rawValue: event.token), event.seen)
      if isFlooded { keepTime() }
    }
    expireHandshakes()
    if messageEngine.hasPatterns { messageEngine.expire(among: &connections) }
    settleWhenDone()
    return command.order != .quit
  }

  // MARK: What is due

  /// Does what is due and returns when to be back; nil to wait for events alone.
  private mutating func beginAndEndDue() -> Instant? {
    connections.readClock()
    var wake = advance()
    if connections.returns.isOpen { wake = earliest(wake, reopen()) }
    if messageEngine.hasPatterns {
      wake = earliest(wake, wakeTime(before: messageEngine.beginDueMessages(among: &connections)))
    }
    if connections.churn.hasLifetimes { wake = earliest(wake, connections.endLifetimes()) }
    return wake
  }

  /// Does what is due between two events, when handling the first of them took long: hundreds of
  /// such events may follow.
  @inline(never)
  private mutating func keepTime() {
    isFlooded = false
    _ = beginAndEndDue()
    connections.readClock()
  }

  /// Opens or closes what is due and returns when to be back; nil to wait for events alone.
  private mutating func advance() -> Instant? {
    switch work {
    case .none: nil
    case .settling: earliest(nextExpiry(), settlesAt)
    case .opening: open()
    case .closing(let done, let slot, let reset): close(done: done, from: slot, reset: reset)
    case .shedding(let excess, let slot): shed(excess, below: slot)
    case .cutting(let state): cut(state)
    case .verifying(let slot): verify(from: slot)
    }
  }

  /// When to wake up so as to be awake when a message is due (`ClientAssignment.wakeLead`).
  private func wakeTime(before due: Instant?) -> Instant? {
    due.map {
      Instant(nanoseconds: $0.nanoseconds - min($0.nanoseconds, connections.assignment.wakeLead))
    }
  }
}
