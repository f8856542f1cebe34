import Linux
import SystemPackage

/// Going through what is held: to close it, or to ask whether it is alive.
extension Client where System: ~Copyable {
  mutating func close(done: Int, from slot: UInt32, reset: Bool) -> Instant? {
    var done = done
    var slot = slot
    var closed = 0
    while slot < connections.firstUnused {
      guard connections.state(slot) != .free else {
        slot += 1
        continue
      }
      let due = schedule.due(assignment.share.ordinal(done))
      guard due <= now, closed < Self.batch else {
        work = .closing(done: done, slot: slot, reset: reset)
        return earliest(max(due, now), nextExpiry())
      }
      if !reset { try? kernel.resetOnClose(connections.descriptor(slot), false) }
      if connections.state(slot) != .connecting { board.add(.closed) }
      drop(slot)
      done += 1
      closed += 1
      slot += 1
    }
    work = .settling
    return now
  }

  /// Closes so many connections, the newest rows first, with a reset.
  mutating func shed(_ left: Int, above end: UInt32) -> Instant? {
    var left = left
    var slot = end
    var closed = 0
    while left > 0, slot > 0, closed < Self.batch {
      slot -= 1
      guard connections.state(slot) != .free, !connections.marks(slot).has(.leaving | .transient)
      else { continue }
      closeAfterMessage(slot)
      left -= 1
      closed += 1
    }
    work = left > 0 && slot > 0 ? .shedding(left: left, above: slot) : .settling
    return now
  }

  mutating func verify(from slot: UInt32) -> Instant? {
    var slot = slot
    var asked = 0
    while slot < connections.firstUnused, asked < Self.batch {
      if connections.state(slot) == .established {
        connections.ask(slot)
        let byte = unsafe UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<1])
        switch unsafe kernel.send(connections.descriptor(slot), byte) {
        case .moved(let count): board.add(.bytesSent, UInt64(count))
        // Telling the error has used it up: a later read would find a plain end.
        case .failed(let error): lose(slot, error)
        case .wouldBlock, .closed: break
        }
        asked += 1
      }
      slot += 1
    }
    guard slot < connections.firstUnused else {
      work = .none
      board[.settledOrder] = command.number
      return now
    }
    work = .verifying(slot: slot)
    return now
  }
}
