import Linux
import SystemPackage

/// Going through all connections: to close them, or to verify that they are alive.
extension Client where System: ~Copyable {
  mutating func close(done: Int, from slot: UInt32, reset: Bool) -> Instant? {
    var done = done
    var slot = slot
    var closed = 0
    while slot < connections.rows.firstUnused {
      guard connections.rows.state(slot) != .free else {
        slot += 1
        continue
      }
      let due = schedule.due(connections.assignment.share.ordinal(done))
      guard due <= connections.now, closed < Connections.batch else {
        work = .closing(done: done, slot: slot, reset: reset)
        return earliest(max(due, connections.now), nextExpiry())
      }
      if !reset { try? connections.kernel.resetOnClose(connections.rows.descriptor(slot), false) }
      if connections.rows.state(slot) != .connecting { connections.board.add(.closed) }
      connections.drop(slot)
      done += 1
      closed += 1
      slot += 1
    }
    work = .settling
    return connections.now
  }

  /// Closes `left` of the connections that would stay, from the highest row down, with a reset,
  /// each once its message under way is over.
  mutating func shed(_ left: Int, above end: UInt32) -> Instant? {
    var left = left
    var slot = end
    var closed = 0
    while left > 0, slot > 0, closed < Connections.batch {
      slot -= 1
      guard connections.rows.state(slot) != .free,
        !connections.rows.marks(slot).has(.closesAfterMessage | .transient)
      else { continue }
      connections.closeAfterMessage(slot)
      left -= 1
      closed += 1
    }
    work = left > 0 && slot > 0 ? .shedding(left: left, above: slot) : .settling
    return connections.now
  }

  mutating func verify(from slot: UInt32) -> Instant? {
    var slot = slot
    var asked = 0
    while slot < connections.rows.firstUnused, asked < Connections.batch {
      if connections.rows.state(slot) == .established {
        connections.rows.ask(slot)
        let byte = unsafe UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<1])
        switch unsafe connections.kernel.send(connections.rows.descriptor(slot), byte) {
        case .moved(let count): connections.board.add(.bytesSent, UInt64(count))
        // `send` has taken the error off the socket: a later read would find an orderly close.
        case .failed(let error): messageEngine.peerEnded(slot, error, among: &connections)
        case .wouldBlock, .closed: break
        }
        asked += 1
      }
      slot += 1
    }
    guard slot < connections.rows.firstUnused else {
      work = .none
      connections.board[.settledOrder] = command.number
      return connections.now
    }
    work = .verifying(slot: slot)
    return connections.now
  }
}
