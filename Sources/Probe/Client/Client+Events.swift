import Linux
import SystemPackage
import WorkerLog

/// What epoll reports, and handshakes that take too long.
extension Client where System: ~Copyable {
  /// The most reads of 64 KiB per event, so that a peer that floods does not hold up the others.
  private static var readsPerEvent: Int { 2 }

  mutating func handle(_ token: Token, _ seen: EpollEvents) {
    if token.rawValue == Token.wakeUp.rawValue { return obey() }
    switch connections.rows.state(token) {
    case .free: return
    case .connecting:
      guard !seen.has(.error | .hangUp) else { return failHandshake(token.slot) }
      guard seen.has(.writable) else { return }
      establish(token.slot)
      guard connections.rows.state(token) != .free else { return }
    case .sending:
      if seen.has(.writable) { messageEngine.write(token.slot, among: &connections) }
      guard connections.rows.state(token) != .free else { return }
    case .established, .asked, .awaiting, .pausing, .draining: break
    }
    if seen.has(.readable | .peerHangUp | .error | .hangUp) { drain(token.slot, seen) }
    if messageEngine.hasPatterns { messageEngine.followUp(token.slot, among: &connections) }
  }

  private mutating func establish(_ slot: UInt32) {
    connections.establish(slot)
    opening.noteSuccess()
    if messageEngine.hasPatterns { messageEngine.joinRounds(slot, among: &connections) }
    // Before anything is read: the bytes of a server that speaks first may have come already.
    if messageEngine.playsOnce { messageEngine.beginAllDue(slot, among: &connections) }
  }

  private mutating func failHandshake(_ slot: UInt32) {
    let error =
      connections.kernel.pendingError(connections.rows.descriptor(slot)) ?? .connectionReset
    let (call, refusal) = connections.failedCall(slot, error, orElse: .connect)
    if error == .timedOut { return timeOut(slot, call, error, refusal: refusal) }
    let position = connections.rows.position(slot)
    let connection = returning(slot)
    _ = failAttempt(connection, call, error, position: position, refusal: refusal)
    connections.drop(slot)
  }

  /// The connection of a handshake under way, to be begun again if it is one that comes back.
  private mutating func returning(_ slot: UInt32) -> WantedConnection {
    WantedConnection(
      due: Instant(nanoseconds: connections.rows.due(slot)), number: connections.rows.number(slot),
      attempt: connections.rows.returns.attempt(of: slot))
  }

  /// Reads until nothing is left, as epoll announces an edge only once, or until `readsPerEvent` reads are
  /// made. After a short read only two things may be left: the connection's end, and what stands behind
  /// urgent data.
  private mutating func drain(_ slot: UInt32, _ seen: EpollEvents) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    // Whether the answer is wrong, so that the rest of what can be read is thrown away.
    var discards = false
    for _ in 0..<Self.readsPerEvent {
      switch unsafe connections.kernel.receive(connections.rows.descriptor(slot), into: buffer) {
      case .moved(let count):
        if System.carriesMessages {
          unsafe messageEngine.hearMessages(
            slot, UnsafeRawBufferPointer(rebasing: buffer[..<count]), among: &connections)
        } else {
          connections.board.add(.bytesReceived, UInt64(count))
        }
        if !System.carriesMessages, !discards {
          discards = unsafe messageEngine.hear(
            slot, UnsafeRawBufferPointer(rebasing: buffer[..<count]), among: &connections)
        }
        if connections.kernel.hasReadAll(count, of: buffer.count),
          !seen.has(.urgent | .peerHangUp | .error | .hangUp)
        {
          if discards { messageEngine.conclude(slot, among: &connections) }
          return
        }
      case .wouldBlock:
        if discards { messageEngine.conclude(slot, among: &connections) }
        return
      case .closed: return messageEngine.peerEnded(slot, nil, among: &connections)
      case .failed(let error): return messageEngine.peerEnded(slot, error, among: &connections)
      }
    }
    // These reads may have taken all there was, and then epoll announces nothing more.
    if discards { messageEngine.conclude(slot, among: &connections) }
    isFlooded = true
    announceAgain(slot)
  }

  /// Has epoll announce once more a socket that still has bytes to read.
  private mutating func announceAgain(_ slot: UInt32) {
    do throws(Errno) {
      try connections.kernel.rewatch(
        connections.rows.descriptor(slot), Self.watchedEvents,
        token: connections.rows.token(slot).rawValue)
    } catch {
      connections.countFailure(.epollControl, error, position: connections.rows.position(slot))
      connections.drop(slot)
      connections.board.add(.closedByPeer)
    }
  }

  /// Gives up the handshakes that have passed the runner's own deadline (`nextExpiry`).
  mutating func expireHandshakes() {
    for _ in 0..<Connections.batch {
      guard let expiry = nextExpiry(), expiry <= connections.now else { return }
      expireHandshake(connections.rows.oldestConnecting)
    }
  }

  private mutating func expireHandshake(_ slot: UInt32) {
    switch connections.kernel.layerStep(connections.rows.descriptor(slot)) {
    case .none: timeOut(slot, .connectTimeout, nil)
    case .failed(let call, _): timeOut(slot, call, .timedOut)
    case .underWay(let call, let missing):
      let failure = LayerFailure.late(missing, within: connections.assignment.connectTimeout)
      let refusal = connections.board.refusals.add(
        failure.refusal, call, failure.errno, phase: connections.phase)
      timeOut(slot, call, failure.errno, refusal: refusal)
    }
  }

  /// A handshake has taken too long, by the runner's own deadline or by the kernel's. It is tried
  /// again, since one lost packet is no limit. The connection has failed when no retry is left.
  @inline(never)
  private mutating func timeOut(
    _ slot: UInt32, _ call: FailedCall, _ error: Errno?, refusal: UInt8? = nil
  ) {
    let position = connections.rows.position(slot)
    let comingBack = returning(slot)
    let history = ConnectionHistory(rawValue: connections.rows.history(slot))
    // A handshake that a churn began is tried again only in a churn, any other only in other phases.
    let fitsPhase = connections.rows.marks(slot).has(.transient) == connections.churn.isCurrentPhase
    let retry = WantedConnection(
      due: Instant(nanoseconds: connections.rows.due(slot)), number: connections.rows.number(slot),
      history: history.afterTimeout)
    // What comes back waits for its backoff first.
    guard comingBack.attempt == 0, fitsPhase, history.timeouts < opening.retries else {
      _ = failAttempt(comingBack, call, error, position: position, refusal: refusal)
      return connections.drop(slot)
    }
    connections.drop(slot)
    let failure = connections.countFailure(call, error, position: position, refusal: refusal)
    connections.board.markRetried(failure)
    connections.board.add(.retried)
    _ = openOne(retry, stillToBegin: 1)
  }

  /// When the oldest handshake is given up; nil when none is under way.
  mutating func nextExpiry() -> Instant? {
    let slot = connections.rows.oldestConnecting
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.rows.began(slot))
      .advanced(byNanoseconds: connections.assignment.connectTimeout)
  }
}
