import Linux
import SystemPackage
import WorkerLog

/// How connections end, and how that is counted.
extension ClientConnections where System: ~Copyable {
  /// Closes a connection and frees its row. Does nothing for a free row.
  mutating func drop(_ slot: UInt32) {
    switch rows.state(slot) {
    case .connecting:
      board.subtract(.connecting)
    case .established, .asked, .draining:
      uncountHeld(slot)
    case .sending, .awaiting, .pausing:
      countShortMessage(slot)
      uncountHeld(slot)
    case .free:
      return
    }
    let marks = rows.marks(slot)
    if marks.has(.transient) {
      churn.noteGone()
    } else if marks.has(.closesAfterMessage) {
      pendingCloseCount -= 1
    }
    kernel.close(rows.descriptor(slot))
    tuples.giveBack(rows.position(slot))
    rows.remove(slot)
  }

  private mutating func uncountHeld(_ slot: UInt32) {
    board.subtract(.held)
    if rows.marks(slot).has(.unanswered) { board.subtract(.unanswered) }
    board.addToSource(tuples.source(at: rows.position(slot)), -1)
  }

  /// Closes a connection as planned, once its message under way is over; at once where it has none,
  /// or where nobody waits for the message's answer any more.
  mutating func closeAfterMessage(_ slot: UInt32) {
    let marks = rows.marks(slot)
    switch rows.state(slot) {
    case .sending, .awaiting, .pausing:
      guard !marks.has(.overdue) else { return closeAsPlanned(slot) }
      rows.mark(slot, .closesAfterMessage)
      if !marks.has(.transient) { pendingCloseCount += 1 }
    default: closeAsPlanned(slot)
    }
  }

  /// Closes a connection now: with a reset, unless the connection is one of a churn that closes in
  /// order.
  mutating func closeAsPlanned(_ slot: UInt32) {
    let isTransient = rows.marks(slot).has(.transient)
    if isTransient, !churn.closesWithReset {
      try? kernel.resetOnClose(rows.descriptor(slot), false)
    }
    if rows.state(slot) != .connecting { board.add(isTransient ? .churned : .closed) }
    countChurnEnd(slot)
    drop(slot)
  }

  /// Counts a connection of a churn as cut short or as begun too late, if it was either. To be
  /// called for connections that end as planned or as recorded.
  mutating func countChurnEnd(_ slot: UInt32) {
    guard rows.marks(slot).has(.transient), rows.state(slot) != .connecting else {
      return
    }
    let history = ConnectionHistory(rawValue: rows.history(slot))
    if history == .cutShort {
      board.add(.cutShort)
    } else if history.isLate {
      board.add(.lateArrivals)
    }
  }

  /// Counts as `short` the message under way on a connection that ends, unless its outcome is
  /// counted already.
  private mutating func countShortMessage(_ slot: UInt32) {
    guard !rows.marks(slot).has(.overdue | .wrong) else { return }
    board.add(rows.messages.pattern(of: slot), .short)
  }

  /// Counts a failure.
  ///
  /// - Parameter refusal: the row of what was said with it in the `RefusalTable`.
  @discardableResult
  mutating func countFailure(
    _ call: FailedCall, _ error: Errno?, position: UInt32?, refusal: UInt8? = nil
  ) -> Scoreboard.CountedFailure {
    board.add(.failures)
    let row = board.failures.add(
      call, error, phase: phase, endpoint: endpoint(of: call, at: position), at: now,
      held: board[.held], position: position)
    return Scoreboard.CountedFailure(row: row, refusal: refusal)
  }

  /// Notes that the last failure of this kind has made the worker stop growing.
  mutating func markStopped(_ call: FailedCall, _ error: Errno?, position: UInt32?) {
    board.failures.markStopped(
      call, error, phase: phase, endpoint: endpoint(of: call, at: position), at: now)
  }

  /// The endpoint of a tuple, for calls whose failures have to do with the endpoint; nil for others.
  private mutating func endpoint(of call: FailedCall, at position: UInt32?) -> Int? {
    guard let position else { return nil }
    return switch call {
    case .connect, .connectTimeout, .secure, .webSocket, .mqtt, .closed:
      tuples.step(at: position).endpoint
    default: nil
    }
  }

  /// The call of the layer on top of TCP where that layer has failed, else `call`. The layer's words are kept with
  /// the errno that is counted, in the row of the `RefusalTable` that is returned as well.
  @inline(never)
  mutating func failedCall(
    _ slot: UInt32, _ error: Errno?, orElse call: FailedCall
  ) -> (call: FailedCall, refusal: UInt8?) {
    guard case .failed(let layer, let refusal) = kernel.layerStep(rows.descriptor(slot)) else {
      return (call, nil)
    }
    return (layer, board.refusals.add(refusal, layer, error, phase: phase))
  }

  /// Frees the row of a connection that its peer has ended, and counts a failure. Where the phase has lost
  /// connections come back, so does this one.
  @inline(never)
  mutating func lose(_ slot: UInt32, _ error: Errno?) {
    // Before the row is freed: the `held` that is noted with a failure includes this connection.
    let (call, refusal) = failedCall(slot, error, orElse: .closed)
    let position = rows.position(slot)
    let failure = countFailure(call, error, position: position, refusal: refusal)
    let isOfChurn = rows.marks(slot).has(.transient)
    let number = UInt32(truncatingIfNeeded: rows.number(slot))
    let attempt = unsuccessfulAttempts(slot)
    let isForgiven = returns.forgivesLosses
    let isAwaited =
      isOfChurn
      ? false
      : awaitReturn(
        number: number, attempt: attempt == .max ? .max : attempt + 1,
        failure: isForgiven ? failure : nil)
    drop(slot)
    board.add(.closedByPeer)
    if isAwaited, isForgiven { board.markRetried(failure) }
  }

  /// How many attempts in a row were in vain when a connection is lost. So was one whose connection is lost again soon:
  /// a server that closes what it accepts is not to be asked at full speed. One that stood for as long as the longest
  /// wait was not.
  private mutating func unsuccessfulAttempts(_ slot: UInt32) -> UInt8 {
    let attempt = rows.returns.attempt(of: slot)
    guard attempt > 0, let backoff = returns.backoff else { return 0 }
    return rows.returns.timeSinceReturn(of: slot, at: now) < backoff.last ? attempt : 0
  }
}
