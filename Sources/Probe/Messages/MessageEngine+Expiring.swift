import Linux

/// Answers that do not come in time, and connections that wait until a wrong answer is over.
extension MessageEngine where System: ~Copyable {
  /// Notes the answers that have not come in time, goes on with conversations whose alarm is due,
  /// and ends the waits for quiet that have lasted long enough.
  mutating func expire(among connections: inout Connections) {
    for pattern in 0..<patterns.count {
      while let expiry = nextExpiry(of: pattern, among: &connections), expiry <= connections.now {
        noteMissingAnswer(connections.rows.oldestMessage(of: pattern), among: &connections)
      }
    }
    heedAlarms(among: &connections)
    endDrains(among: &connections)
  }

  /// Nanoseconds without a byte after which a wrong answer is taken to be over. The pieces of an
  /// answer that a server sends at once are further apart only where TCP retransmits after a timeout,
  /// which is 200 ms at least.
  private static var quietGap: UInt64 { 100_000_000 }

  /// Ends each wait for quiet that has lasted for `quietGap`: its connection is idle again.
  private mutating func endDrains(among connections: inout Connections) {
    while let end = nextEndOfDraining(among: &connections), end <= connections.now {
      let slot = connections.rows.oldestDraining
      connections.rows.endDraining(slot)
      followUp(slot, among: &connections)
    }
  }

  /// When the next wait for quiet is over; nil when no connection waits.
  private mutating func nextEndOfDraining(among connections: inout Connections) -> Instant? {
    let slot = connections.rows.oldestDraining
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.rows.due(slot)).advanced(byNanoseconds: Self.quietGap)
  }

  /// Notes that the answer to the message under way has not come in time: as missing, or as wrong
  /// where bytes have come that do not match (`hasMismatch`).
  mutating func noteMissingAnswer(_ slot: UInt32, among connections: inout Connections) {
    let pattern = connections.rows.messages.pattern(of: slot)
    if hasMismatch(slot, patternUnderWay: pattern, among: &connections) {
      countWrongAnswer(slot, among: &connections)
      guard connections.rows.state(slot) == .sending else {
        return followUp(slot, among: &connections)
      }
    }
    connections.rows.markOverdue(slot)
    let marks = connections.rows.marks(slot)
    if !marks.has(.wrong) { connections.board.add(pattern, .missing) }
    if marks.has(.closesAfterMessage) { connections.closeAsPlanned(slot) }
  }

  /// Whether bytes have come for the oldest message that waits for its answer, and have not
  /// matched. True only where the answer of that message is `.matching`.
  ///
  /// - Parameter patternUnderWay: the pattern of the message under way, which is the oldest message
  ///   where the connection has no debts.
  mutating func hasMismatch(
    _ slot: UInt32, patternUnderWay: Int, among connections: inout Connections
  ) -> Bool {
    let marks = connections.rows.marks(slot)
    let pattern =
      marks.has(.owing) ? Int(connections.rows.messages.debt(0, of: slot).pattern) : patternUnderWay
    guard patterns.traits(pattern).answer == .matching,
      !marks.has(.wrong | .conversing)
    else { return false }
    let progress = connections.rows.messages.answerProgress(of: slot)
    return progress > 0 && progress != MessageColumns.whole
  }

  /// When `expire` has something to do next; nil when nothing is waited for.
  mutating func nextTimeout(among connections: inout Connections) -> Instant? {
    var next = earliest(connections.rows.nextAlarm?.due, nextEndOfDraining(among: &connections))
    for pattern in 0..<patterns.count {
      next = earliest(next, nextExpiry(of: pattern, among: &connections))
    }
    return next
  }

  /// When the oldest message of a pattern is overdue; nil when none is waited for.
  private mutating func nextExpiry(of pattern: Int, among connections: inout Connections)
    -> Instant?
  {
    let slot = connections.rows.oldestMessage(of: pattern)
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.rows.due(slot))
      .advanced(byNanoseconds: patterns.traits(pattern).timeout)
  }

  /// Goes on with conversations whose delay is over, and notes the answers in conversations that
  /// have not come in time.
  private mutating func heedAlarms(among connections: inout Connections) {
    for _ in 0..<Connections.batch {
      guard let alarm = connections.rows.nextAlarm, alarm.due <= connections.now else { return }
      if connections.rows.state(alarm.row) == .pausing {
        if player.resume(alarm.row, due: alarm.due, among: &connections) {
          followUp(alarm.row, among: &connections)
        }
        connections.readClock()
      } else {
        noteMissingAnswer(alarm.row, among: &connections)
      }
    }
  }
}
