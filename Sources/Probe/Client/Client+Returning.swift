import Linux
import SystemPackage
import WorkerLog

/// Cutting connections in a storm, and opening others in the place of those that were cut or lost.
extension Client where System: ~Copyable {
  /// The most rows that a cut looks at between two waits for events: it is to be over at once.
  private static var cutStride: Int { 1024 }

  /// Cuts some of the connections that are still to be cut, and returns when to be back.
  mutating func cut(_ state: Cut) -> Instant? {
    var cut = state
    for _ in 0..<Self.cutStride where cut.remaining > 0 && cut.slot < connections.rows.firstUnused {
      defer { cut.slot += 1 }
      switch connections.rows.state(cut.slot) {
      case .free, .connecting: continue
      default: break
      }
      if connections.returns.random(below: cut.candidates) < cut.remaining {
        connections.cut(cut.slot, reset: cut.reset)
        cut.remaining -= 1
      }
      cut.candidates = max(1, cut.candidates - 1)
    }
    if cut.remaining > 0, cut.slot >= connections.rows.firstUnused {
      // The peer has closed some in rows that were still ahead: others are cut in their place.
      cut.slot = 0
      cut.candidates = Int(connections.board[.held])
      if cut.candidates == 0 { cut.remaining = 0 }
    }
    if cut.remaining > 0 {
      work = .cutting(cut)
    } else {
      work = .settling
      connections.board[.cutOrder] = command.number
    }
    connections.readClock()
    return connections.now
  }

  /// Opens connections in the place of those whose backoff is over, and returns when to be back.
  mutating func reopen() -> Instant? {
    // All that is to be cut is cut before anything comes back.
    if case .cutting = work { return connections.now }
    for _ in 0..<Connections.batch {
      guard let due = connections.returns.nextDue(at: connections.now), due <= connections.now
      else { break }
      guard connections.mayBegin() else { return nextExpiry() }
      let stillToBegin = Int(connections.returns.count)
      guard let entry = connections.returns.removeDue(at: connections.now) else { break }
      // While nothing was to come back, between two phases, nobody was late.
      let wanted = max(entry.due, connections.returns.openedAt)
      connections.board.record(.drift, nanoseconds: connections.now.nanoseconds(since: wanted))
      let connection = WantedConnection(
        due: wanted, number: UInt64(entry.number), attempt: entry.attempt)
      _ = openOne(connection, stillToBegin: stillToBegin)
      connections.board.subtract(.returning)
      connections.readClock()
    }
    return earliest(connections.returns.nextDue(at: connections.now), nextExpiry())
  }

  /// An attempt has failed. Where its connection comes back, the next attempt follows after a longer backoff,
  /// and growth goes on: the limit may pass before the phase does. Where nothing comes back any more, an attempt that
  /// was still under way stops no growth either. False when a limit stops all further attempts.
  ///
  /// A connection counts once among the final failures. Where losses are forgiven, its loss does not: the last attempt
  /// does, if no other follows. Else the loss has been counted, and no attempt is.
  mutating func failAttempt(
    _ connection: WantedConnection, _ call: FailedCall, _ error: Errno?, position: UInt32?,
    refusal: UInt8? = nil
  ) -> Bool {
    guard connection.attempt > 0 else { return fail(call, error, position: position) }
    let failure = connections.countFailure(call, error, position: position, refusal: refusal)
    let isForgiven = connections.returns.forgivesLosses
    let isAwaited = connections.awaitReturn(
      number: UInt32(truncatingIfNeeded: connection.number),
      attempt: connection.attempt == .max ? .max : connection.attempt + 1,
      failure: isForgiven ? failure : nil)
    if isAwaited || !isForgiven { connections.board.markRetried(failure) }
    if isExhaustion(error) { giveSpareBack() }
    return true
  }
}
