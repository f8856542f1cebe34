import Linux
import SystemPackage
import WorkerLog

/// The connections that come back after they were cut or lost.
///
/// On its way from `held` by `returning` and `connecting` to `held` a connection is counted at its next place before it is
/// counted off at the last one. Else the coordinator, which may look at any time, could find it nowhere, and would take
/// the storm for over.
extension ClientConnections where System: ~Copyable {
  /// Cuts a connection that is held, and has it come back.
  mutating func cut(_ slot: UInt32, reset: Bool) {
    if !reset { try? kernel.resetOnClose(rows.descriptor(slot), false) }
    let number = UInt32(truncatingIfNeeded: rows.number(slot))
    awaitReturn(number: number, attempt: 1, failure: nil)
    drop(slot)
    board.add(.dropped)
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
