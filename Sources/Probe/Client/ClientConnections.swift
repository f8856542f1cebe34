import Linux
import Messages
import SystemPackage
import WorkerLog

/// The connections of a client, and what counts them: a socket, a row and a tuple for each, and
/// for those of a churn a lifetime.
///
/// Opening, closing, messages and playback all work on it. Nobody else takes or frees a row, so
/// that the counters of the scoreboard always agree with the table.
///
/// Large methods that are called on every turn are `mutating` even where they change nothing: then `self` is
/// passed by reference, while a borrowed `self` of this size is passed by value, field by field.
struct ClientConnections<System: Kernel & ~Copyable>: ~Copyable {
  /// Connections to open or close, or messages to begin, before looking at events again: enough to
  /// keep the number of waits small when the client is behind, few enough that an answer is timed
  /// when it comes.
  static var batch: Int { 16 }

  var kernel: System
  let board: Scoreboard
  let assignment: ClientAssignment
  var rows: ConnectionTable
  var tuples: SourceTuples
  var churn: Churn
  /// How many connections, those of a churn not counted, are to be closed when their message is over.
  var pendingCloseCount = 0
  var notes: DriveNotes
  /// The phase that the coordinator has ordered last.
  var phase = 0
  /// When the clock was read last.
  var now = Instant(nanoseconds: 0)
  /// Nanoseconds: answers to messages that were due before are counted, and their times are not.
  var timesAnswersSince: UInt64 = 0

  init(
    kernel: consuming System, assignment: ClientAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    // Locals first: a throw must find either all in place or none.
    let rows = try starting(.map) { () throws(Errno) in
      try ConnectionTable(
        capacity: assignment.capacity, patterns: assignment.patterns.count,
        pushed: assignment.pushed != nil,
        conversations: assignment.patterns.contains { $0.conversation != nil })
    }
    let churn = try starting(.map) { () throws(Errno) in
      try Churn(capacity: assignment.churnCapacity)
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
    self.tuples = tuples
    notes = DriveNotes(board.driveLog)
  }

  @inline(__always)
  mutating func readClock() { now = kernel.now() }
}
