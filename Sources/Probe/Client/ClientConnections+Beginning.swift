import Linux
import Messages
import SystemPackage

/// How connections come about, and how that is counted.
extension ClientConnections where System: ~Copyable {
  /// Whether one more connection may be begun now. Where it may not, the turn is counted by what held it back.
  @inline(__always)
  mutating func mayBegin() -> Bool {
    guard kernel.mayConnect() else {
      board.add(.heldBack)
      return false
    }
    guard hasRoom else {
      board.add(.crowded)
      return false
    }
    return true
  }

  /// Takes a row and a tuple for a handshake that has just begun.
  mutating func insert(
    _ socket: FileDescriptor, step: SourceWalk.Step, _ connection: WantedConnection
  ) -> UInt32 {
    let slot = rows.insert(
      descriptor: socket, position: step.position, due: connection.due.nanoseconds,
      began: now.nanoseconds, number: connection.number, history: connection.history.rawValue,
      attempt: connection.attempt)
    tuples.take(step.position)
    if System.introduces {
      kernel.introduce(
        socket,
        MessageTemplate.Facts(
          connection: assignment.share.ordinal(Int(connection.number)), sequence: 0,
          source: assignment.sources[step.source], port: step.port,
          worker: assignment.share.index, seed: assignment.seed))
    }
    if let ports = assignment.ephemeralPorts, ports.contains(step.port) { board.add(.ephemeral) }
    if churn.isCurrentPhase {
      rows.mark(slot, .transient)
      churn.noteBegun()
    }
    board.add(.connecting)
    return slot
  }

  /// A handshake is over, with those of the layers on top of TCP: the connection is established.
  mutating func establish(_ slot: UInt32) {
    board.record(.connect, nanoseconds: now.nanoseconds &- rows.due(slot))
    board.record(.connectUncorrected, nanoseconds: now.nanoseconds &- rows.began(slot))
    rows.establish(slot)
    if rows.marks(slot).has(.transient) { churn.beginLifetime(rows.token(slot), at: now) }
    if rows.returns.attempt(of: slot) > 0 {
      board.add(.reconnected)
      lastReturn = now
      rows.returns.noteReturn(of: slot, at: now)
    }
    board.add(.held)
    board.subtract(.connecting)
    board.add(.established)
    board.addToSource(tuples.source(at: rows.position(slot)), 1)
  }
}
