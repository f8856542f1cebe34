import Addressing
import Linux
import SystemPackage
import WorkerLog

/// A tuple that no connection of this worker has and that cannot be used all the same, with the call
/// that has shown it.
private struct ForeignTuple {
  var call: FailedCall
  var error: Errno
  var position: UInt32
}

/// Opening connections on a schedule, each from a tuple of its own.
extension Client where System: ~Copyable {
  /// Opens what is due and returns when to be back; nil to wait for events alone.
  mutating func open() -> Instant? {
    for _ in 0..<Connections.batch {
      guard !opening.isDone else { break }
      let ordinal = connections.assignment.share.ordinal(opening.begun)
      let due = schedule.due(ordinal)
      guard due <= connections.now else { return earliest(due, nextExpiry()) }
      // Without a pace a connection is due when the loop comes to it.
      let isPaced = schedule.isPaced(ordinal)
      let intended = isPaced ? due : connections.now
      var isLate = false
      guard connections.mayBegin() else { return nextExpiry() }
      if isPaced {
        let drift = connections.now.nanoseconds(since: due)
        connections.board.record(.drift, nanoseconds: drift)
        isLate = drift > Counter.lateAfter
      }
      connections.notes.countArrival(at: connections.now)
      let connection = WantedConnection(
        due: intended, number: connections.board[.opened],
        history: ConnectionHistory(isLate: isLate))
      // A churn's connections give their tuples back; those of other phases must all stand at once.
      let stillToBegin = connections.churn.isCurrentPhase ? 1 : opening.remainingCount
      guard openOne(connection, stillToBegin: stillToBegin) else {
        work = .settling
        // Not `nextExpiry`: with no handshake under way nothing would end the wait, and the
        // phase would never be found settled.
        return connections.now
      }
      opening.noteBegun()
      connections.readClock()
    }
    if opening.isDone { work = .settling }
    return connections.now
  }

  /// Begins a connection, or tries its handshake again. Each attempt has another tuple: whatever
  /// dropped a packet may do so again for the same tuple. False when a limit stops all further
  /// attempts.
  ///
  /// - Parameter stillToBegin: how many connections are still to be begun, this one included, and must
  ///   then stand at the same time.
  mutating func openOne(_ connection: WantedConnection, stillToBegin: Int) -> Bool {
    if connection.history.timeouts == 0 { connections.board.add(.opened) }
    var socket: FileDescriptor?
    var foreign = ForeignTuple?.none
    var untried = connections.tuples.count
    while let step = connections.tuples.next(&untried) {
      let position = step.position
      let endpoint = connections.assignment.endpoints[step.endpoint]
      let source = SocketAddress(connections.assignment.sources[step.source], step.port)
      // The socket would connect to itself if nobody listens yet, and keep the server from
      // listening.
      if source == endpoint {
        skip(position)
        continue
      }
      var call = FailedCall.socket
      do throws(Errno) {
        if socket == nil { socket = try prepared(v6: endpoint.ip.isV6) }
        let descriptor = socket!
        call = .bind
        try connections.kernel.bind(descriptor, to: source)
        call = .connect
        try connections.kernel.connect(descriptor, to: endpoint)
      } catch {
        if call == .connect, let descriptor = socket {
          // A bound socket cannot be bound again.
          connections.kernel.close(descriptor)
          socket = nil
        }
        if call.isTaken(error) {
          skip(position)
          let found = ForeignTuple(call: call, error: error, position: position)
          // The failure of a bind is kept rather than that of a connect: it proves that somebody
          // else has the port, while a connect may have failed for TIME_WAIT.
          if foreign == nil || (foreign?.call == .connect && call == .bind) { foreign = found }
          continue
        }
        if let descriptor = socket { connections.kernel.close(descriptor) }
        return failAttempt(connection, call, error, position: position)
      }
      return register(socket!, step: step, connection)
    }
    if let descriptor = socket { connections.kernel.close(descriptor) }
    return failForWantOfTuples(connection, foreign, stillToBegin: stillToBegin)
  }

  /// Counts in `portsSkipped` a tuple that cannot be used, unless it was counted before.
  private mutating func skip(_ position: UInt32) {
    if connections.tuples.noteForeign(position) { connections.board.add(.portsSkipped) }
  }

  /// Counts the failure of an attempt that found no tuple: each is taken by a connection of this
  /// worker, or foreign. Where the worker has as many tuples as it needs, the failure is that of a
  /// foreign one. Else the plan has too few tuples, and the failure names none. Returns
  /// false when no further attempt is made.
  private mutating func failForWantOfTuples(
    _ connection: WantedConnection, _ foreign: ForeignTuple?, stillToBegin: Int
  ) -> Bool {
    let wanted = connections.board[.held] + connections.board[.connecting] + UInt64(stillToBegin)
    // The errno by which connect(2) reports that no port is left.
    var found = (call: FailedCall.connect, error: Errno.addressNotAvailable, position: UInt32?.none)
    if let foreign, wanted <= connections.tuples.count {
      found = (foreign.call, foreign.error, foreign.position)
    }
    guard connection.attempt == 0 || !connections.returns.isOpen else {
      return failAttempt(connection, found.call, found.error, position: found.position)
    }
    connections.countFailure(found.call, found.error, position: found.position)
    stopGrowing(for: found.call, found.error, position: found.position)
    return false
  }

  private mutating func prepared(v6: Bool) throws(Errno) -> FileDescriptor {
    let socket = try connections.kernel.open(v6: v6)
    do throws(Errno) {
      try connections.kernel.reuseAddress(socket)
      // From the start, so that even a killed worker leaves no TIME_WAIT behind.
      try connections.kernel.resetOnClose(socket, true)
    } catch {
      connections.kernel.close(socket)
      throw error
    }
    return socket
  }

  private mutating func register(
    _ socket: FileDescriptor, step: SourceWalk.Step, _ connection: WantedConnection
  ) -> Bool {
    let slot = connections.insert(socket, step: step, connection)
    do throws(Errno) {
      try connections.kernel.watch(
        socket, Self.watchedEvents, token: connections.rows.token(slot).rawValue)
      return true
    } catch {
      connections.drop(slot)
      return failAttempt(connection, .epollControl, error, position: step.position)
    }
  }
}
