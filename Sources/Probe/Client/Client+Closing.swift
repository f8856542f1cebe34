import Linux
import SystemPackage

/// Going through all connections: to close all or some of them, or to verify that they are alive.
extension Client where System: ~Copyable {
  /// Closes the connections whose turn has come and returns when to be back.
  ///
  /// - Parameters:
  ///   - done: how many connections this phase has closed already.
  ///   - slot: the row to go on from.
  mutating func close(done: Int, from slot: UInt32, reset: Bool) -> Instant? {
    var done = done
    var slot = slot
    var closedNow = 0
    while slot < connections.rows.firstUnused {
      guard connections.rows.state(slot) != .free else {
        slot += 1
        continue
      }
      let due = schedule.due(connections.assignment.share.ordinal(done))
      guard due <= connections.now, closedNow < Connections.batch else {
        work = .closing(done: done, slot: slot, reset: reset)
        return earliest(max(due, connections.now), nextExpiry())
      }
      if !reset { try? connections.kernel.resetOnClose(connections.rows.descriptor(slot), false) }
      if connections.rows.state(slot) != .connecting { connections.board.add(.closed) }
      connections.drop(slot)
      done += 1
      closedNow += 1
      slot += 1
    }
    work = .settling
    return connections.now
  }

  /// Closes `excess` connections with a reset, from the row before `end` down, each once its message
  /// under way is over. Passes over connections of a churn, and over those that an earlier call has
  /// chosen.
  mutating func shed(_ excess: Int, below end: UInt32) -> Instant? {
    var excess = excess
    var slot = end
    var closedNow = 0
    while excess > 0, slot > 0, closedNow < Connections.batch {
      slot -= 1
      guard connections.rows.state(slot) != .free,
        !connections.rows.marks(slot).has(.closesAfterMessage | .transient)
      else { continue }
      connections.closeAfterMessage(slot)
      excess -= 1
      closedNow += 1
    }
    work = excess > 0 && slot > 0 ? .shedding(excess: excess, below: slot) : .settling
    return connections.now
  }

  /// Sends a byte on each connection that is idle (`established`), for the peer to send back; those that drain are passed
  /// over. See `Order.verify`.
  mutating func verify(from slot: UInt32) -> Instant? {
    var slot = slot
    var asked = 0
    while slot < connections.rows.firstUnused, asked < Connections.batch {
      if connections.rows.state(slot) == .established {
        connections.rows.ask(slot)
        let byte = unsafe UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<1])
        // Whatever stands in the buffer is a valid binary message; a text would have to be UTF-8.
        connections.kernel.choose(.binary)
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
