import Linux
import SystemPackage

/// Connections that live for a while, beside those that stay.
extension Client where System: ~Copyable {
  mutating func beginChurn(rate: Double, lifetime: UInt64, span: UInt64, reset: Bool) {
    churn.begin(lifetime: lifetime, reset: reset)
    schedule = Schedule(start: command.start, rate: rate, recorded: recordedArrivals)
    opening.plan(assignment.share.part(of: schedule.count(within: span)))
    work = .opening
  }

  /// Whether there is a row for one more, and a place in the ring. A ramp never asks for more than
  /// there are; a churn whose connections do not go in time has to wait.
  var hasRoom: Bool {
    let connecting = board[.connecting]
    guard board[.held] + connecting < UInt64(connections.capacity) else { return false }
    return !churn.isOpening || churn.hasRoom(besides: connecting)
  }

  /// Closes the connections whose time has come and returns when to be back; nil for never.
  mutating func endLifetimes() -> Instant? {
    var ended = 0
    while let end = churn.nextEnd, ended < Self.batch {
      if connections.state(end.token) != .free {
        guard churn.isOver || end.due <= now else { break }
        if end.due > now { connections.setHistory(end.token.slot, History.cutShort.rawValue) }
        closeAfterMessage(end.token.slot)
      }
      churn.removeNextEnd()
      ended += 1
    }
    // There is room for others now, or the phase may be found settled: nothing else may tell.
    return ended > 0 ? now : churn.nextEnd?.due
  }

  /// Closes a connection of our own accord, once the message under way is over.
  mutating func closeAfterMessage(_ slot: UInt32) {
    let marks = connections.marks(slot)
    switch connections.state(slot) {
    case .sending, .awaiting, .pausing:
      guard !marks.has(.overdue) else { return closeAsPlanned(slot) }
      connections.mark(slot, .leaving)
      if !marks.has(.transient) { leavers += 1 }
    default: closeAsPlanned(slot)
    }
  }

  /// Closes a connection that nothing keeps any more, as its phase wants it.
  mutating func closeAsPlanned(_ slot: UInt32) {
    let isTransient = connections.marks(slot).has(.transient)
    if isTransient, !churn.closesWithReset {
      try? kernel.resetOnClose(connections.descriptor(slot), false)
    }
    if connections.state(slot) != .connecting { board.add(isTransient ? .churned : .closed) }
    countChurnEnd(slot)
    drop(slot)
  }

  /// Counts a connection of a churn that we close, or that ends as its conversation wants: cut short, or
  /// begun too late.
  mutating func countChurnEnd(_ slot: UInt32) {
    guard connections.marks(slot).has(.transient), connections.state(slot) != .connecting else {
      return
    }
    let history = History(rawValue: connections.history(slot))
    if history == .cutShort {
      board.add(.cutShort)
    } else if history.isLate {
      board.add(.lateArrivals)
    }
  }
}
