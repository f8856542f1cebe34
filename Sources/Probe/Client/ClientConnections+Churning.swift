import Linux

/// The connections of a churn, which live for a while.
extension ClientConnections where System: ~Copyable {
  /// Whether one more connection gets a row and, in a churn, a place among the lifetimes. A ramp
  /// always has room; a churn has to wait where its connections do not end in time.
  var hasRoom: Bool {
    let connecting = board[.connecting]
    guard board[.held] + connecting < UInt64(rows.capacity) else { return false }
    return !churn.isCurrentPhase || churn.hasRoom(besides: connecting)
  }

  /// Closes the connections whose lifetime is over, and all of a churn that is over. Returns when to
  /// be back; nil for never.
  mutating func endLifetimes() -> Instant? {
    var ended = 0
    while let end = churn.nextEnd, ended < Self.batch {
      if rows.state(end.token) != .free {
        guard churn.isOver || end.due <= now else { break }
        if end.due > now { rows.setHistory(end.token.slot, ConnectionHistory.cutShort.rawValue) }
        closeAfterMessage(end.token.slot)
      }
      churn.removeNextEnd()
      ended += 1
    }
    // Wake at once: a row is free, or the phase may be settled, and no event would say so.
    return ended > 0 ? now : churn.nextEnd?.due
  }
}
