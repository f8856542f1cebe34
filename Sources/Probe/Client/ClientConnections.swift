import Linux
import Messages
import SystemPackage
import WorkerLog

/// The connections of a client, each with a socket, a row and a tuple, and in a churn a lifetime;
/// and the scoreboard that counts them.
///
/// Opening, closing, messages and playback all work on this struct. Nobody else takes or frees a
/// row, so that the counters of the scoreboard always agree with the table.
///
/// Large methods that are called on every turn are `mutating` even where they change nothing: then
/// `self` is passed by reference, while a borrowed `self` of this size is passed by value, field by
/// field.
struct ClientConnections<System: Kernel & ~Copyable>: ~Copyable {
  /// The most connections to open or close, or messages to begin, between two waits for events. They are
  /// enough to keep waits few when the client is behind, and few enough that an answer is timed when it
  /// comes.
  static var batch: Int { 16 }

  var kernel: System
  let board: Scoreboard
  let assignment: ClientAssignment
  var rows: ConnectionTable
  var tuples: SourceTuples
  var churn: Churn
  var returns: Returns
  /// When a connection last came back in this phase; nil where none has.
  var lastReturn: Instant?
  /// Connections, without those of a churn, that are to be closed when their message is over.
  var pendingCloseCount = 0
  var notes: DriveNotes
  /// The phase that the coordinator has ordered last.
  var phase = 0
  /// When the clock was read last.
  var now = Instant(nanoseconds: 0)
  /// An instant in nanoseconds. The round trips of messages that were due before it are not recorded; their
  /// answers are counted all the same.
  var timesAnswersSince: UInt64 = 0

  init(
    kernel: consuming System, assignment: ClientAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    // Locals first: a throw must find either all in place or none.
    let rows = try starting(.map) { () throws(Errno) in
      try ConnectionTable(
        capacity: assignment.capacity, patterns: assignment.patterns.count,
        pushed: assignment.pushed != nil,
        conversations: assignment.patterns.contains { $0.conversation != nil },
        returning: assignment.returnCapacity > 0)
    }
    let churn = try starting(.map) { () throws(Errno) in
      try Churn(capacity: assignment.churnCapacity)
    }
    let returns = try starting(.map) { () throws(Errno) in
      try Returns(
        capacity: assignment.returnCapacity, longest: assignment.longestBackoff,
        seed: assignment.seed &+ UInt64(assignment.share.index) &* 0xD1B5_4A32_D192_ED03)
    }
    let walk = SourceWalk(
      sources: assignment.sources.count, ports: assignment.ports,
      endpoints: assignment.endpoints.count, share: assignment.share)
    let tuples = try starting(.map) { () throws(Errno) in try SourceTuples(walk) }
    self.kernel = kernel
    self.assignment = assignment
    self.board = board
    self.rows = rows
    self.churn = churn
    self.returns = returns
    self.tuples = tuples
    notes = DriveNotes(board.driveLog)
  }

  @inline(__always)
  mutating func readClock() { now = kernel.now() }
}
