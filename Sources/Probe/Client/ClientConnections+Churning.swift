import Linux

/// Connections that live for a while, beside those that stay.
extension ClientConnections where System: ~Copyable {
  /// Whether there is a row for one more, and a place in the ring. A ramp never asks for more than
  /// there are; a churn whose connections do not go in time has to wait.
  var hasRoom: Bool {
    let connecting = board[.connecting]
    guard board[.held] + connecting < UInt64(rows.capacity) else { return false }
    return !churn.isOpening || churn.hasRoom(besides: connecting)
  }

  /// Closes the connections whose time has come and returns when to be back; nil for never.
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
