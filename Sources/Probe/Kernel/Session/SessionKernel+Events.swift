import Linux
import SystemPackage

/// Events of the kernel below, what the caller is told of them, and what is due without an event.
extension SessionKernel where Base: ~Copyable, Talk: ~Copyable {
  mutating func watch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    note(descriptor, events, token)
    try base.watch(descriptor, wanted(descriptor, events), token: tokenBelow(row(descriptor)))
  }

  mutating func rewatch(
    _ descriptor: FileDescriptor, _ events: EpollEvents, token: UInt64
  ) throws(Errno) {
    note(descriptor, events, token)
    try base.rewatch(descriptor, wanted(descriptor, events), token: tokenBelow(row(descriptor)))
  }

  mutating func unwatch(_ descriptor: FileDescriptor) { base.unwatch(descriptor) }

  private mutating func note(_ descriptor: FileDescriptor, _ events: EpollEvents, _ token: UInt64) {
    tokens[row(descriptor)] = token
    callerEvents[row(descriptor)] = events.rawValue
    pings.include(row(descriptor))
  }

  /// What an event carries through the kernel below: the descriptor, and the generation of its caller's token.
  func tokenBelow(_ row: UInt32) -> UInt64 { (tokens[row] & ~0xFFFF_FFFF) | UInt64(row) }

  /// The events that the kernel below is asked for where the caller wants `events`: on a connection, always for room
  /// as well. What a peer is owed has to be sent even where the caller has nothing to send. The edge costs nothing
  /// while there is room: it comes when a full socket has room again.
  func wanted(_ descriptor: FileDescriptor, _ events: EpollEvents) -> EpollEvents {
    stages[row(descriptor)] == .plain || !events.has(.edgeTriggered) ? events : events | .writable
  }

  mutating func wait(
    into events: UnsafeMutableBufferPointer<ReadyEvent>, until deadline: Instant?
  ) throws(Errno) -> Int {
    let deadline = attendToTime(until: deadline)
    let ended = unsafe takeEnded(into: events)
    if ended > 0 { return ended }
    let count = unsafe try base.wait(into: events, until: deadline)
    return unsafe LayerEvents.passOn(events, count) { row, event in
      // An event of a connection that is gone.
      guard tokenBelow(row) == event.token else { return nil }
      return ReadyEvent(token: tokens[row], seen: passedOn(row, event.seen))
    }
  }

  /// What the caller is told of an event.
  private mutating func passedOn(_ row: UInt32, _ seen: EpollEvents) -> EpollEvents {
    switch stages[row] {
    case .plain: return seen
    case .failed: return session.isServer ? .readable : .error
    case .waiting, .opening: return passedOnBeforeOpen(row, seen)
    case .open, .leaving:
      var told = seen
      if seen.has(.writable) {
        if !unsent.isEmpty, !flush(row) { told = told.without(.writable) }
        // Bytes or an end that the socket does not hold any more bring no event of their own. `rewatch` asks for room,
        // so the event of room comes here, and tells the caller to read.
        if !behind.isEmpty, behind[row] != nil { told = told | .readable }
        if !surplus.isEmpty, surplus[row] != nil { told = told | .readable }
      }
      return EpollEvents(rawValue: callerEvents[row]).has(.writable)
        ? told : told.without(.writable)
    }
  }

  private mutating func passedOnBeforeOpen(_ row: UInt32, _ seen: EpollEvents) -> EpollEvents {
    if stages[row] == .waiting {
      // A server's opening begins when something has come. A client's begins when the kernel below says that there is
      // room, unless that kernel has failed.
      if session.isServer {
        guard seen.has(.readable | .peerHangUp | .error | .hangUp) else { return .none }
      } else {
        guard !seen.has(.error | .hangUp) else { return seen }
        guard seen.has(.writable) else { return .none }
      }
    }
    advance(row)
    switch stages[row] {
    case .waiting, .opening: return .none
    case .failed: return session.isServer ? .readable : .error
    case .plain, .open, .leaving:
      // What came behind the opening may have been read already, and no further edge will tell of it.
      let rest: EpollEvents =
        isReadAll && !seen.has(.peerHangUp | .error | .hangUp) ? .none : .readable
      return session.isServer ? rest : rest | .writable
    }
  }

  // MARK: Time

  /// Does what is due without an event, and returns when to be back.
  private mutating func attendToTime(until deadline: Instant?) -> Instant? {
    guard pings.interval != nil else { return deadline }
    return earliest(deadline, pingDue(at: base.now()))
  }

  /// Pings those whose turn has come, and gives up those that have not answered since their last one.
  @inline(never)
  private mutating func pingDue(at now: Instant) -> Instant? {
    while let row = pings.next(at: now) {
      guard Int(row) < stages.count, stages[row] == .open else { continue }
      var vigil = vigils[row]
      if vigil.turns > 0, pings.round != pings.roundAfterDelay {
        guard vigil.turns < Talk.turnsToAnswer else {
          let waited = (pings.interval ?? 0) * UInt64(Talk.turnsToAnswer)
          fail(row, .late(Talk.silence, within: waited))
          endedHere.append(row)
          continue
        }
        vigil.turns += 1
      } else if Talk.pingsTheQuiet, vigil.hasSpoken {
        vigil.hasSpoken = false
      } else if !isInMessage(row), unsent.isEmpty || unsent[row] == nil {
        // Where it could not go out now, nothing is awaited: what waits is what the peer has asked for.
        vigil = Vigil(turns: 1, hasSpoken: Talk.pingsTheQuiet)
        session.ping(round: pings.round)
        say(row)
      }
      vigils[row] = vigil
    }
    return pings.nextInstant(after: now)
  }

  /// The events of connections that have ended without one.
  private mutating func takeEnded(
    into events: UnsafeMutableBufferPointer<ReadyEvent>
  ) -> Int {
    guard !endedHere.isEmpty else { return 0 }
    var count = 0
    while count < events.count, let row = endedHere.popLast() {
      guard stages[row] == .failed else { continue }
      unsafe events[count] = ReadyEvent(token: tokens[row], seen: .readable)
      count += 1
    }
    return count
  }
}
