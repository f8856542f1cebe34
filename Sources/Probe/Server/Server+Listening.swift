import Addressing
import Linux
import Protocols
import SystemPackage
import WorkerLog

/// Accepts connections, and stops and resumes accepting at limits.
extension Server where System: ~Copyable {
  /// Opens the listener; where that fails, the worker's state is `failed`.
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
      // The socket may listen already. It is closed, so that connections are refused that nobody would
      // ever accept.
      if let socket = listener {
        kernel.close(socket)
        listener = nil
      }
      _ = board.noteLimit(in: command.phase)
      board[.state] = WorkerState.failed.rawValue
    }
    kernel.callAttention()
  }

  /// Accepts the connections that wait, at most `batch` of them.
  mutating func accept() {
    guard let listener else { return }
    for attempt in 0..<Self.batch {
      do throws(Errno) {
        guard let accepted = try kernel.accept(listener), admit(accepted) else { return }
      } catch {
        // accept4 takes a descriptor before it looks at the accept queue, so at the limit it fails even
        // when no connection waits. Epoll has said that one does, so a failure of the first attempt
        // is a limit. Later attempts may find the queue empty: if a connection still waits then, epoll
        // will say so again.
        guard attempt == 0 else { return }
        return stopListening(.accept, error)
      }
    }
  }

  /// Gives an accepted connection its row; false when a limit has stopped the server from accepting
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
    // Each number that the coordinator reads has a counter of its own: the difference of two counters
    // would be wrong between the stores to them.
    board.add(origin.acceptedCounter)
    board.add(origin.heldCounter)
    return true
  }

  /// Where a connection comes from. Mutating, as Swift copies the whole server for a method that changes nothing and is
  /// not inlined.
  private mutating func origin(of peer: SocketAddress) -> Origin {
    let count = unsafe clients.buffer.count
    guard count > 0 else { return .own }
    for index in 0..<count where unsafe clients.buffer[index].contains(peer.ip) {
      return assignment.ephemeralPorts?.contains(peer.port) == true ? .ephemeral : .own
    }
    return .elsewhere
  }

  /// A limit is reached: the server stops polling its listener. The listener stays readable while
  /// connections wait in its accept queue, and would make the loop spin.
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

  /// Reads the order. With each `begin` the server listens anew: the limit that an earlier phase met may
  /// be gone, and if it is still there it is a failure of this phase, too.
  mutating func obey() {
    kernel.clearWakeUp()
    guard let next = board.command(), next != command else { return }
    if next.phase != command.phase { board.forgetSaid(patterns: 0) }
    command = next
    if command.order == .begin, listening != .on { resumeListening() }
  }

  /// Polls the listener again; pauses once more where that fails.
  mutating func resumeListening() {
    guard let listener else { return }
    if spare == nil { spare = try? kernel.openSpare() }
    do throws(Errno) {
      try kernel.watch(listener, .readable, token: Token.listener.rawValue)
      listening = .on
    } catch {
      listening = .paused(until: now.advanced(byNanoseconds: Self.pause))
      // The listener is not watched, so epoll will not say that a connection waits. One is accepted here,
      // if any waits. As a rule it cannot be watched either, and `admit` counts that as a failure of this
      // phase. A failure of `accept` itself is not counted, since it may fail while none waits.
      if let accepted = try? kernel.accept(listener) { _ = admit(accepted) }
    }
  }

  /// When to try to listen again; nil unless the listener is paused until an instant.
  func nextAttempt() -> Instant? {
    if case .paused(let instant) = listening { instant } else { nil }
  }
}
