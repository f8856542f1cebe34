import Linux
import SystemPackage
import WorkerLog

/// What epoll reports, and handshakes that take too long.
extension Client where System: ~Copyable {
  /// Reads of 64 KiB that one event may lead to, so that a peer that floods does not stop the rest.
  private static var readsPerEvent: Int { 16 }

  mutating func handle(_ token: Token, _ seen: EpollEvents) {
    if token.rawValue == Token.wakeUp.rawValue { return obey() }
    switch connections.state(token) {
    case .free: return
    case .connecting:
      guard !seen.has(.error | .hangUp) else { return failHandshake(token.slot) }
      guard seen.has(.writable) else { return }
      establish(token.slot)
      guard connections.state(token) != .free else { return }
    case .sending:
      if seen.has(.writable) { write(token.slot) }
      guard connections.state(token) != .free else { return }
    case .established, .asked, .awaiting, .pausing, .quieting: break
    }
    if seen.has(.readable | .peerHangUp | .error | .hangUp) { drain(token.slot, seen) }
    if messageEngine.hasPatterns { followUp(token.slot) }
  }

  private mutating func establish(_ slot: UInt32) {
    board.record(.connect, nanoseconds: now.nanoseconds &- connections.due(slot))
    board.record(.connectUncorrected, nanoseconds: now.nanoseconds &- connections.began(slot))
    connections.establish(slot)
    if messageEngine.hasPatterns { joinRounds(slot) }
    if connections.marks(slot).has(.transient) {
      churn.beginLifetime(connections.token(slot), at: now)
    }
    opening.noteSuccess()
    board.subtract(.connecting)
    board.add(.held)
    board.add(.established)
    board.addToSource(tuples.source(at: connections.position(slot)), 1)
    // Before anything is read: a server that speaks first may have done so.
    if messageEngine.playsOnce { catchUp(slot) }
  }

  private mutating func failHandshake(_ slot: UInt32) {
    let error = kernel.pendingError(connections.descriptor(slot)) ?? .connectionReset
    if error == .timedOut { return timeOut(slot, .connect, error) }
    let position = connections.position(slot)
    drop(slot)
    _ = fail(.connect, error, position: position)
  }

  /// Reads until there is nothing more, since an edge is announced only once; or for so long that
  /// the others must not wait any longer. A short read has brought all that there was, but
  /// perhaps the connection's end.
  private mutating func drain(_ slot: UInt32, _ seen: EpollEvents) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    var discards = false
    for _ in 0..<Self.readsPerEvent {
      switch unsafe kernel.receive(connections.descriptor(slot), into: buffer) {
      case .moved(let count):
        board.add(.bytesReceived, UInt64(count))
        if !discards {
          discards = unsafe hear(slot, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        if count < min(buffer.count, kernel.largestRead), !seen.has(.peerHangUp | .error | .hangUp)
        {
          if discards { conclude(slot) }
          return
        }
      case .wouldBlock:
        if discards { conclude(slot) }
        return
      case .closed: return lose(slot, nil)
      case .failed(let error): return lose(slot, error)
      }
    }
    announceAgain(slot)
  }

  /// Has a socket that is not read to its end announced anew.
  private mutating func announceAgain(_ slot: UInt32) {
    do throws(Errno) {
      try kernel.rewatch(
        connections.descriptor(slot), Self.watchedEvents, token: connections.token(slot).rawValue)
    } catch {
      count(.epollControl, error, position: connections.position(slot))
      drop(slot)
      board.add(.closedByPeer)
    }
  }

  @inline(never)
  mutating func lose(_ slot: UInt32, _ error: Errno?) {
    if endsAsRecorded(slot, error) { return }
    // Before it goes: what was held when it began is said of a failure.
    count(.closed, error, position: connections.position(slot))
    drop(slot)
    board.add(.closedByPeer)
  }

  /// The runner's own deadline: handshakes that were begun too long ago.
  mutating func expireHandshakes() {
    for _ in 0..<Self.batch {
      guard let expiry = nextExpiry(), expiry <= now else { return }
      timeOut(connections.oldestConnecting, .connectTimeout, nil)
    }
  }

  /// A handshake has taken too long, as the runner's own deadline or the kernel has it. It is tried
  /// again, since one lost packet is no limit; only when that does not help has the connection failed.
  @inline(never)
  private mutating func timeOut(_ slot: UInt32, _ call: FailedCall, _ error: Errno?) {
    let position = connections.position(slot)
    let history = History(rawValue: connections.history(slot))
    // One of an earlier phase, of another kind, is not for this one to open.
    let isOurs = connections.marks(slot).has(.transient) == churn.isOpening
    let again = WantedConnection(
      due: Instant(nanoseconds: connections.due(slot)), number: connections.number(slot),
      history: history.afterTimeout)
    drop(slot)
    guard isOurs, history.timeouts < opening.retries else {
      _ = fail(call, error, position: position)
      return
    }
    count(call, error, position: position)
    board.failures.markRetried(call, error, phase: command.phase)
    board.add(.retried)
    _ = openOne(again, left: 1)
  }

  mutating func nextExpiry() -> Instant? {
    let slot = connections.oldestConnecting
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.began(slot))
      .advanced(byNanoseconds: assignment.connectTimeout)
  }
}
