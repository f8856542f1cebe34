import Linux
import SystemPackage
import WorkerLog

/// What a failed call means for the attempts after it.
extension Client where System: ~Copyable {
  /// Counts a failure; false when it means that the next attempt will fail as well.
  mutating func fail(_ call: FailedCall, _ error: Errno?, position: UInt32?) -> Bool {
    connections.countFailure(call, error, position: position)
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
    connections.readClock()
    connections.countFailure(.epollWait, error, position: nil)
    connections.board[.state] = WorkerState.failed.rawValue
    connections.kernel.callAttention()
    return false
  }

  /// A limit: nothing more is begun in this phase.
  mutating func stopGrowing(for call: FailedCall, _ error: Errno?) {
    connections.board.failures.markStopped(call, error, phase: command.phase, at: connections.now)
    if case .opening = work { work = .settling }
    opening.end()
    // At a limit nobody on the host may be able to open a file, not even to report it.
    if let descriptor = spare {
      connections.kernel.close(descriptor)
      spare = nil
    }
    if connections.board.noteLimit(in: command.phase) { connections.kernel.callAttention() }
  }
}
