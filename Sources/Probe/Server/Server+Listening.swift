import Addressing
import Linux
import Protocols
import SystemPackage
import WorkerLog

/// Accepting connections, and what stops the server from doing so.
extension Server where System: ~Copyable {
  mutating func startListening() {
    var call = FailedCall.socket
    do throws(Errno) {
      let socket = try kernel.open(v6: assignment.endpoint.ip.isV6)
      listener = socket
      try kernel.reuseAddress(socket)
      // Accepted sockets inherit the option: should this process be killed, its connections end
      // fast and leave no TIME_WAIT.
      try kernel.resetOnClose(socket, true)
      call = .bind
      try kernel.bind(socket, to: assignment.endpoint)
      call = .listen
      try kernel.listen(socket, backlog: assignment.backlog)
      call = .epollControl
      try kernel.watch(socket, .readable, token: Token.listener.rawValue)
      listening = .on
      board[.state] = WorkerState.ready.rawValue
    } catch {
      count(call, error)
      board.failures.markStopped(call, error, phase: command.phase, at: now)
      // The socket may listen already: connections that nobody will ever accept must be refused.
      if let socket = listener {
        kernel.close(socket)
        listener = nil
      }
      _ = board.noteLimit(in: command.phase)
      board[.state] = WorkerState.failed.rawValue
    }
    kernel.callAttention()
  }

  mutating func accept() {
    guard let listener else { return }
    for attempt in 0..<Self.batch {
      do throws(Errno) {
        guard let accepted = try kernel.accept(listener), admit(accepted) else { return }
      } catch {
        // accept4 takes a descriptor before it looks at the queue, so at the limit it fails even
        // when nobody waits. Epoll has said that somebody does, but the first attempt may have
        // taken the only connection that waited. If one still waits after a later attempt, epoll
        // will say so again.
        guard attempt == 0 else { return }
        return stopListening(.accept, error)
      }
    }
  }

  /// Takes an accepted connection in; false when a limit has stopped the server from accepting
  /// more.
  private mutating func admit(_ accepted: AcceptedSocket) -> Bool {
    let socket = accepted.descriptor
    let slot = UInt32(socket.rawValue)
    guard Int(slot) < open.count else {
      // The table has a row for every descriptor below RLIMIT_NOFILE, unless somebody has raised
      // the limit since (prlimit(1)).
      kernel.close(socket)
      stopListening(.accept, .tooManyOpenFiles)
      return false
    }
    generations[slot] &+= 1
    do throws(Errno) {
      try kernel.watch(
        socket, Self.watchedEvents, token: Token(slot: slot, generation: generations[slot]).rawValue
      )
    } catch {
      kernel.close(socket)
      stopListening(.epollControl, error)
      return false
    }
    open[slot] = true
    if assignment.speaksHTTP { requests[slot] = HTTPReader(.server) }
    topmost = max(topmost, slot)
    let origin = origin(of: accepted.peer)
    origins[slot] = origin
    // Each number that the coordinator reads has a counter of its own: a difference of two counters
    // would be wrong between their stores.
    board.add(origin.acceptedCounter)
    board.add(origin.heldCounter)
    return true
  }

  /// Mutating, as Swift copies the whole server for a method that changes nothing and is not inlined.
  private mutating func origin(of peer: SocketAddress) -> Origin {
    let count = unsafe clients.buffer.count
    guard count > 0 else { return .own }
    for index in 0..<count where unsafe clients.buffer[index].contains(peer.ip) {
      return assignment.ephemeralPorts?.contains(peer.port) == true ? .ephemeral : .own
    }
    return .elsewhere
  }

  /// A limit is reached: the server stops polling its listener, which would stay readable and make
  /// the loop spin, since the connection that could not be taken stays in its queue.
  private mutating func stopListening(_ call: FailedCall, _ error: Errno) {
    count(call, error)
    board.failures.markStopped(call, error, phase: command.phase, at: now)
    if let listener { kernel.unwatch(listener) }
    listening =
      error == .tooManyOpenFiles
      ? .full : .paused(until: now.advanced(byNanoseconds: Self.pause))
    // Whoever reports a limit of the host needs a descriptor, and may find none left.
    if let descriptor = spare {
      kernel.close(descriptor)
      spare = nil
    }
    if board.noteLimit(in: command.phase) { kernel.callAttention() }
  }

  /// Reads the order. Each phase listens anew: a limit that an earlier phase met may be gone, and
  /// if it is still there it is a failure of this phase, too.
  mutating func obey() {
    kernel.clearWakeUp()
    guard let next = board.command(), next != command else { return }
    if next.phase != command.phase { board.forgetSaid() }
    command = next
    if command.order == .begin, listening != .on { resumeListening() }
  }

  mutating func resumeListening() {
    guard let listener else { return }
    if spare == nil { spare = try? kernel.openSpare() }
    do throws(Errno) {
      try kernel.watch(listener, .readable, token: Token.listener.rawValue)
      listening = .on
    } catch {
      listening = .paused(until: now.advanced(byNanoseconds: Self.pause))
      // The listener is not watched, so epoll will not say that somebody waits. One connection is accepted
      // here, if any waits. As a rule it cannot be watched either, and `admit` counts that as a failure of
      // this phase. A failure of `accept` itself is not counted, since it may fail while nobody waits.
      if let accepted = try? kernel.accept(listener) { _ = admit(accepted) }
    }
  }

  /// When to try to listen again; nil unless the listener is paused until an instant.
  func nextAttempt() -> Instant? {
    if case .paused(let instant) = listening { instant } else { nil }
  }
}
