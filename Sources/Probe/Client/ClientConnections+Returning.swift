import Linux
import SystemPackage
import WorkerLog

/// The connections that come back after they were cut or lost.
extension ClientConnections where System: ~Copyable {
  /// Cuts a connection that is held, and has it come back.
  mutating func cut(_ slot: UInt32, reset: Bool) {
    if !reset { try? kernel.resetOnClose(rows.descriptor(slot), false) }
    let number = UInt32(truncatingIfNeeded: rows.number(slot))
    drop(slot)
    board.add(.dropped)
    awaitReturn(number: number, attempt: 1, failure: nil)
  }

  /// Has a connection that is gone come back after its backoff; false where the phase has none come back.
  @discardableResult
  mutating func awaitReturn(
    number: UInt32, attempt: UInt8, failure: Scoreboard.CountedFailure?
  ) -> Bool {
    guard returns.add(number: number, attempt: attempt, failure: failure, at: now) else {
      return false
    }
    board.add(.returning)
    return true
  }

  /// The next connection whose backoff is over; nil where none is due.
  mutating func takeReturn() -> Returns.Entry? {
    guard let entry = returns.removeDue(at: now) else { return nil }
    board.subtract(.returning)
    return entry
  }

  /// The phase is over, and what still waits has not come back in it: its last failures have cost connections.
  /// It goes on waiting, since the next phase may have it come back. What is lost before that begins is lost for good as
  /// well.
  mutating func concedeReturns() {
    returns.stopForgiving()
    let board = board
    returns.forgetFailures { board.unmarkRetried($0) }
  }

  /// Nothing comes back any more. What waited for its turn has failed for good by its last failure.
  ///
  /// - Parameter countingUntried: whether what was not tried once is counted by what it waited for.
  mutating func abandonReturns(countingUntried: Bool) {
    returns.close()
    while let entry = returns.removeAny() {
      board.subtract(.returning)
      if let failure = entry.failure {
        board.unmarkRetried(failure)
      } else if countingUntried {
        board.add(entry.due <= now ? .leftDue : .leftWaiting)
      }
    }
  }
}
