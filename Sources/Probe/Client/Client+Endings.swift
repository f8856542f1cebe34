import Linux
import SystemPackage
import WorkerLog

/// How connections end, and what a failure means for the ones after it.
extension Client where System: ~Copyable {
  /// Closes a connection, if there is one, and frees its row.
  mutating func drop(_ slot: UInt32) {
    switch connections.state(slot) {
    case .connecting:
      board.subtract(.connecting)
    case .established, .asked, .quieting:
      leave(slot)
    case .sending, .awaiting, .pausing:
      cutShort(slot)
      leave(slot)
    case .free:
      return
    }
    let marks = connections.marks(slot)
    if marks.has(.transient) {
      churn.noteGone()
    } else if marks.has(.leaving) {
      leavers -= 1
    }
    kernel.close(connections.descriptor(slot))
    tuples.giveBack(connections.position(slot))
    connections.remove(slot)
  }

  private mutating func leave(_ slot: UInt32) {
    board.subtract(.held)
    if connections.marks(slot).has(.unanswered) { board.subtract(.unanswered) }
    board.addToSource(tuples.source(at: connections.position(slot)), -1)
  }

  mutating func count(_ call: FailedCall, _ error: Errno?, position: UInt32?) {
    board.add(.failures)
    board.failures.add(
      call, error, phase: command.phase, at: now, held: board[.held], position: position)
  }

  /// Counts a failure; false when it means that the next attempt will fail as well.
  mutating func fail(_ call: FailedCall, _ error: Errno?, position: UInt32?) -> Bool {
    count(call, error, position: position)
    let isWorthwhile = opening.noteFailure()
    guard !isWorthwhile || isExhaustion(error) else { return true }
    stopGrowing(for: call, error)
    return false
  }

  private func isExhaustion(_ error: Errno?) -> Bool {
    switch error {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .noBufferSpace: true
    default: false
    }
  }

  /// Nothing can be heard any more, not even an order.
  @inline(never)
  mutating func failLoop(_ error: Errno) -> Bool {
    now = kernel.now()
    count(.epollWait, error, position: nil)
    board[.state] = WorkerState.failed.rawValue
    kernel.callAttention()
    return false
  }

  /// A limit: nothing more is begun in this phase.
  mutating func stopGrowing(for call: FailedCall, _ error: Errno?) {
    board.failures.markStopped(call, error, phase: command.phase, at: now)
    if case .opening = work { work = .settling }
    opening.end()
    // At a limit nobody on the host may be able to open a file, not even to report it.
    if let descriptor = spare {
      kernel.close(descriptor)
      spare = nil
    }
    if board.noteLimit(in: command.phase) { kernel.callAttention() }
  }
}
