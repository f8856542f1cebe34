import Linux
import SystemPackage
import WorkerLog

/// What a failed call means for the attempts after it.
extension Client where System: ~Copyable {
  /// Counts a failed attempt to open a connection. False when it has stopped the worker's growth:
  /// something is exhausted, or too many attempts in a row have failed.
  mutating func fail(_ call: FailedCall, _ error: Errno?, position: UInt32?) -> Bool {
    connections.countFailure(call, error, position: position)
    let mayTryAgain = opening.noteFailure()
    guard !mayTryAgain || isExhaustion(error) else { return true }
    stopGrowing(for: call, error, position: position)
    return false
  }

  @inline(__always)
  func isExhaustion(_ error: Errno?) -> Bool {
    switch error {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .noBufferSpace: true
    default: false
    }
  }

  /// `wait` has failed: the worker cannot receive anything any more, not even an order.
  @inline(never)
  mutating func failLoop(_ error: Errno) -> Bool {
    connections.readClock()
    connections.countFailure(.epollWait, error, position: nil)
    connections.board[.state] = WorkerState.failed.rawValue
    connections.kernel.callAttention()
    return false
  }

  /// Whoever reports a limit of the host needs a descriptor, and may find none left.
  mutating func giveSpareBack() {
    guard let descriptor = spare else { return }
    connections.kernel.close(descriptor)
    spare = nil
  }

  /// A limit is reached: the worker begins no more connections in this phase.
  mutating func stopGrowing(for call: FailedCall, _ error: Errno?, position: UInt32?) {
    connections.markStopped(call, error, position: position)
    if case .opening = work { work = .settling }
    opening.end()
    giveSpareBack()
    if connections.board.noteLimit(in: command.phase) { connections.kernel.callAttention() }
  }
}
