import Linux
import SystemPackage

/// A server's handshakes take turns and have a deadline, so that what is under way takes bounded memory even where
/// strangers begin handshakes and never end them.
///
/// No handshake is broken off to make room for another one. Among good clients more handshakes may be due than
/// `mostUnderWay`, and each that is broken off would have to be done again, by a server that is too busy already. A
/// connection that waits for its turn takes no memory here: what it has sent stays in its socket.
extension TLSKernel where Base: ~Copyable {
  /// A handshake that began at an instant. It is over, or was another one, unless `beginnings` has the same instant.
  struct Begun {
    let row: UInt32
    let at: UInt64
  }

  /// Notes that a handshake has begun.
  @inline(never)
  mutating func noteBegun(_ row: UInt32, at now: UInt64) {
    if begun.count >= 2 * Self.mostUnderWay {
      begun.removeAll { beginnings[$0.row] != $0.at }
    }
    begun.append(Begun(row: row, at: now))
  }

  /// Whether a handshake that could begin has to wait for its turn.
  @inline(never)
  mutating func awaitsTurn(_ row: UInt32) -> Bool {
    guard underWay >= Self.mostUnderWay || !turns.isEmpty else { return false }
    stages[row] = .waiting
    turns.append(row)
    return true
  }

  /// When `wait` has to be back without an event: at once where a turn has come, else when the oldest handshake has had
  /// its time.
  @inline(never)
  mutating func nextInstant(_ deadline: Instant?) -> Instant? {
    if !turns.isEmpty, underWay < Self.mostUnderWay { return base.now() }
    guard let oldest = begun.first(where: { beginnings[$0.row] == $0.at }) else { return deadline }
    let end = Instant(nanoseconds: oldest.at).advanced(byNanoseconds: timeout)
    return deadline.map { min($0, end) } ?? end
  }

  /// Breaks off what has had its time, and begins the handshakes whose turn has come.
  ///
  /// - Parameters:
  ///   - events: gets an event for each connection of which the caller has to know.
  ///   - passed: how many of `events` there are already.
  /// - Returns: how many there are now.
  @inline(never)
  mutating func takeTurns(
    _ events: UnsafeMutableBufferPointer<ReadyEvent>, behind passed: Int
  ) -> Int {
    var count = passed
    let now = base.now().nanoseconds
    var over = 0
    for handshake in begun {
      let isUnderWay = beginnings[handshake.row] == handshake.at
      if isUnderWay {
        guard now &- handshake.at >= timeout, count < events.count else { break }
        fail(
          handshake.row, LayerFailure(words: "no end of the handshake in time", errno: .timedOut))
        unsafe events[count] = ReadyEvent(token: tokens[handshake.row], seen: .readable)
        count += 1
      }
      over += 1
    }
    begun.removeFirst(over)

    var taken = 0
    var steps = 0
    while taken < turns.count, steps < Self.mostSteps, underWay < Self.mostUnderWay,
      count < events.count
    {
      let row = turns[taken]
      taken += 1
      // Else the connection is gone.
      guard stages[row] == .waiting else { continue }
      stages[row] = .handshaking
      advance(row)
      steps += 1
      guard stages[row] != .handshaking else { continue }
      unsafe events[count] = ReadyEvent(token: tokens[row], seen: .readable)
      count += 1
    }
    turns.removeFirst(taken)
    return count
  }
}
