import Addressing
import Linux
import SystemPackage

/// Opening connections on a schedule, each from a tuple of its own.
extension Client where System: ~Copyable {
  /// Opens what is due and returns when to be back; nil to wait for events alone.
  mutating func open(done: Int, total: Int) -> Instant? {
    var done = done
    for _ in 0..<Self.batch {
      guard done < total else { break }
      let ordinal = assignment.share.ordinal(done)
      let due = schedule.due(ordinal)
      guard due <= now else {
        work = .opening(done: done, total: total)
        return earlier(due, nextExpiry())
      }
      // Without a pace a connection is due when its turn comes.
      let isPaced = schedule.isPaced(ordinal)
      let intended = isPaced ? due : now
      guard hasRoom else {
        work = .opening(done: done, total: total)
        return nextExpiry()
      }
      if isPaced {
        let drift = now.nanoseconds(since: due)
        board.record(.drift, nanoseconds: drift)
        if drift > Counter.lateAfter { board.add(.lateArrivals) }
      }
      notes.countArrival(at: now)
      guard openOne(Connection(due: intended, number: board[.opened])) else {
        work = .settling
        // Not `nextExpiry`: with no handshake under way nothing would end the wait, and the
        // phase would never be found settled.
        return now
      }
      done += 1
      now = kernel.now()
    }
    work = done < total ? .opening(done: done, total: total) : .settling
    return now
  }

  /// A connection that is wanted: first by the schedule, then once more after each timeout.
  struct Connection {
    /// When the schedule wanted it.
    var due: Instant
    /// Its own, among all of the worker's.
    var number: UInt64
    /// Handshakes of it that have timed out.
    var timeouts: UInt8 = 0
  }

  /// Begins one connection, or its handshake again, from a tuple of its own: what swallowed a packet
  /// may do so again for the same one. False when a limit leaves no hope for the ones after it.
  mutating func openOne(_ connection: Connection) -> Bool {
    var socket: FileDescriptor?
    // How the last tuple was found to be taken. Before any was tried: by ourselves.
    var takenBy = (call: FailedCall.connect, error: Errno.addressNotAvailable, position: UInt32(0))
    var skipped: UInt64 = 0
    let own = board[.held] + board[.connecting]
    var tuples = own < walk.count ? walk.count : 0
    while tuples > 0 {
      tuples -= 1
      let step = walk.next()
      let endpoint = assignment.endpoints[step.endpoint]
      let source = SocketAddress(assignment.sources[step.source], step.port)
      var call = FailedCall.socket
      do throws(Errno) {
        if socket == nil { socket = try prepared(v6: endpoint.ip.isV6) }
        let descriptor = socket!
        call = .bind
        try kernel.bind(descriptor, to: source)
        call = .connect
        try kernel.connect(descriptor, to: endpoint)
      } catch {
        if call == .connect, let descriptor = socket {
          // A bound socket cannot be bound again.
          kernel.close(descriptor)
          socket = nil
        }
        if isTaken(call, error) {
          skipped += 1
          takenBy = (call, error, step.position)
          continue
        }
        if let descriptor = socket { kernel.close(descriptor) }
        board.add(.portsSkipped, skipped)
        return fail(call, error, position: step.position)
      }
      board.add(.portsSkipped, skipped)
      return register(socket!, step: step, connection)
    }
    // Every tuple of this worker has been tried in a row, and each one was taken: our own once
    // each, and the others by somebody else.
    if let descriptor = socket { kernel.close(descriptor) }
    board.add(.portsSkipped, skipped - min(skipped, own))
    count(takenBy.call, takenBy.error, position: takenBy.position)
    stopGrowing(for: takenBy.call, takenBy.error)
    return false
  }

  /// Whether a failure means that this one tuple is in use, and the next one may not be.
  private func isTaken(_ call: FailedCall, _ error: Errno) -> Bool {
    switch call {
    case .bind: error == .addressInUse
    case .connect: error == .addressNotAvailable
    default: false
    }
  }

  private mutating func prepared(v6: Bool) throws(Errno) -> FileDescriptor {
    let socket = try kernel.open(v6: v6)
    do throws(Errno) {
      try kernel.reuseAddress(socket)
      // From the start, so that even a killed worker leaves no TIME_WAIT behind.
      try kernel.resetOnClose(socket, true)
    } catch {
      kernel.close(socket)
      throw error
    }
    return socket
  }

  private mutating func register(
    _ socket: FileDescriptor, step: SourceWalk.Step, _ connection: Connection
  ) -> Bool {
    let slot = connections.insert(
      descriptor: socket, position: step.position, due: connection.due.nanoseconds,
      began: now.nanoseconds, number: connection.number, timeouts: connection.timeouts)
    if churn.isOpening {
      connections.mark(slot, .transient)
      churn.transients += 1
    }
    if connection.timeouts == 0 { board.add(.opened) }
    board.add(.connecting)
    do throws(Errno) {
      try kernel.watch(
        socket, Self.conditions,
        token: connections.token(slot).rawValue)
      return true
    } catch {
      drop(slot)
      return fail(.epollControl, error, position: step.position)
    }
  }
}
