import Linux

/// Which connection sends which message next. No connection has a timer: per pattern, a cursor or the list of idle
/// connections says whose turn it is.
extension MessageEngine where System: ~Copyable {
  /// The most slots that the cursor of a pattern walks past between two waits for events.
  private static var cursorStride: Int { 256 }

  /// Whether the phase's messages ended (`end`) more than `Counter.lateAfter` ago. Those that were due and are not
  /// begun by then are counted as unsent: a worker that is too slow would never have sent them all.
  private func isOver(at now: Instant) -> Bool {
    isEnding && now.nanoseconds(since: end) > Counter.lateAfter
  }

  /// Plays the patterns of a phase that begins. Where a search only takes its next step, they go on.
  mutating func begin(
    _ task: ClientTask, _ command: Scoreboard.Command, among connections: inout Connections
  ) {
    let chosen =
      command.phase < connections.assignment.patternsOfPhase.count
      ? connections.assignment.patternsOfPhase[command.phase] : []
    let slots = slotsNeeded(for: task, command.goal, among: &connections)
    if case .seek = task, playedBits | pausedBits != 0, phase == command.phase {
      // Another step of the same search: messages go on as they are. They begin anew only where they
      // were paused or no connection is held.
      if pausedBits == 0, connections.board[.held] > 0 { return setPlannedSlots(slots) }
      pause(among: &connections)
      return resume(from: command.start, slots: slots, among: &connections)
    }
    let span =
      command.phase < connections.assignment.spanOfPhase.count
      ? connections.assignment.spanOfPhase[command.phase] : nil
    play(chosen, in: command.phase, from: command.start, span: span, slots: slots)
    for pattern in chosen { patterns.noteUnsent(pattern, connections.board[pattern, .unsent]) }
  }

  /// Begins no message until `resume`. First counts as unsent the messages of patterns with a rate
  /// that were due and had no free connection.
  mutating func pause(among connections: inout Connections) {
    for pattern in 0..<patterns.count where isPlayed(pattern) {
      let traits = patterns.traits(pattern)
      guard traits.every == 0, !traits.isOnce, traits.rate != .infinity,
        connections.rows.oldestIdle == ConnectionTable.none
      else { continue }
      countUnsent(pattern, rate: traits.rate, among: &connections)
    }
    pause()
  }

  /// Goes on after `pause` with the connections that still stand. Round trips of earlier messages are
  /// not recorded, as more connections stood when those messages were sent.
  mutating func resume(among connections: inout Connections) {
    var slots = connections.rows.firstUnused
    while slots > 0, connections.rows.state(slots - 1) == .free { slots -= 1 }
    narrowRounds(to: slots)
    connections.timesAnswersSince = connections.now.nanoseconds
    resume(from: connections.now, slots: slots, among: &connections)
  }

  /// Goes on after a pause, with messages that are due from `start` on.
  private mutating func resume(
    from start: Instant, slots: UInt32, among connections: inout Connections
  ) {
    resume(from: start, slots: slots)
    for pattern in 0..<patterns.count where isPlayed(pattern) {
      patterns.noteUnsent(pattern, connections.board[pattern, .unsent])
    }
  }

  /// Whether no answer is waited for, apart from those in recorded conversations.
  mutating func waitsForNoAnswer(among connections: inout Connections) -> Bool {
    (0..<patterns.count).allSatisfy {
      connections.rows.oldestMessage(of: $0) == ConnectionTable.none
    }
  }

  /// How many rows the phase is going to use; no fewer than are in use now.
  private mutating func slotsNeeded(
    for task: ClientTask, _ goal: Int?, among connections: inout Connections
  ) -> UInt32 {
    let share = connections.assignment.share
    let planned =
      switch task {
      case .open(let goal, _): share.part(of: goal)
      case .seek(let most, _): share.part(of: min(goal ?? most, most))
      case .churn(let rate, let lifetime, _, _):
        Int(connections.board[.held]) + share.part(of: Int(min(rate * Double(lifetime) / 1e9, 1e9)))
      case .keep, .storm, .close: 0
      }
    return max(slotsInUse, UInt32(clamping: min(planned, Int(connections.rows.capacity))))
  }

  /// Begins the messages that are due and returns when to be back; nil to wait for events alone.
  mutating func beginDueMessages(among connections: inout Connections) -> Instant? {
    var wake: Instant?
    if !beginsNoMessages {
      for pattern in 0..<patterns.count where isPlayed(pattern) {
        let traits = patterns.traits(pattern)
        wake = earliest(
          wake,
          traits.every > 0
            ? playRounds(pattern, among: &connections)
            : traits.isOnce
              ? playOnce(pattern, among: &connections)
              : playAtRate(pattern, rate: traits.rate, among: &connections))
      }
      if isEnding, wake == nil {
        countUnplayed(among: &connections)
        stopMessages()
        // Do not wait for an event: none may come. `Client.turn` finds out only after a wait that the
        // phase is settled.
        wake = connections.now
      }
    }
    return earliest(wake, nextTimeout(among: &connections))
  }

  /// Plays a pattern on each connection at the connection's own instant of the round.
  private mutating func playRounds(_ pattern: Int, among connections: inout Connections) -> Instant?
  {
    guard !isOver(at: connections.now) else {
      countRoundsLeft(pattern, among: &connections)
      return nil
    }
    var begun = 0
    for _ in 0..<Self.cursorStride {
      let cursor = patterns.cursor(pattern)
      let due = cursor.due
      guard due < end else { return nil }
      guard due <= connections.now, begun < Connections.batch else {
        return max(due, connections.now)
      }
      let slot = cursor.slot
      let slots = max(plannedSlots, slotsInUse)
      patterns.step(pattern, slots: slots)
      guard slot < connections.rows.firstUnused, isDue(slot, pattern, cursor, among: &connections)
      else { continue }
      if connections.rows.canBeginMessage(slot) {
        beginAllDue(slot, currentRound: cursor.round, of: pattern, among: &connections)
        begun += 1
        connections.readClock()
      }
      if isDue(slot, pattern, cursor, among: &connections) {
        connections.board.add(pattern, .unsent)
      }
    }
    return connections.now
  }

  /// Counts as unsent, in one pass, all messages of the rounds that are left before `end`: a worker that is so far
  /// behind would take too long to walk through them.
  private mutating func countRoundsLeft(_ pattern: Int, among connections: inout Connections) {
    let cursor = patterns.cursor(pattern)
    guard cursor.due < end else { return }
    var left: UInt64 = 0
    for slot in 0..<connections.rows.firstUnused {
      switch connections.rows.state(slot) {
      case .free, .connecting: break
      default:
        let noted = connections.rows.messages.round(of: slot, pattern)
        left += cursor.roundsLeft(at: slot, noted: noted, before: end)
      }
    }
    connections.board[pattern, .unsent] &+= left
    patterns.skip(pattern, to: end)
  }

  /// Whether a connection that is held has not begun its message of the cursor's round.
  private mutating func isDue(
    _ slot: UInt32, _ pattern: Int, _ cursor: RoundCursor, among connections: inout Connections
  ) -> Bool {
    switch connections.rows.state(slot) {
    case .free, .connecting: false
    default: cursor.pendingRound(connections.rows.messages.round(of: slot, pattern)) <= cursor.round
    }
  }

  /// Plays a pattern at a rate, each message on the connection that has been idle for the longest.
  private mutating func playAtRate(
    _ pattern: Int, rate: Double, among connections: inout Connections
  ) -> Instant? {
    guard start <= connections.now else { return start }
    if rate != .infinity, isOver(at: connections.now) {
      countUnsent(pattern, rate: rate, among: &connections)
      return nil
    }
    let schedule = Schedule(start: start, rate: rate)
    var begun = 0
    for _ in 0..<Connections.batch {
      let ordinal = connections.assignment.share.ordinal(patterns.begunAtRate(pattern))
      let due = rate == .infinity ? connections.now : schedule.due(ordinal)
      guard due < end else { return nil }
      guard due <= connections.now else { return due }
      let slot = connections.rows.oldestIdle
      // An event will tell when a connection is idle again.
      guard slot != ConnectionTable.none else {
        if rate != .infinity { countUnsent(pattern, rate: rate, among: &connections) }
        return nil
      }
      guard mayPlay(pattern, on: slot, among: &connections) else {
        connections.rows.passOver(slot)
        continue
      }
      guard makeReady(slot, among: &connections) else { continue }
      patterns.countBegunAtRate(pattern)
      if connections.board[pattern, .unsent] > patterns.unsentBefore(pattern) {
        connections.board.subtract(pattern, .unsent)
      }
      beginMessage(pattern, on: slot, due: due, among: &connections)
      begun += 1
      connections.readClock()
    }
    guard begun == 0 else { return connections.now }
    // None of the idle connections that were tried may take the message. To try again at once would
    // be to spin.
    if rate != .infinity { countUnsent(pattern, rate: rate, among: &connections) }
    return isEnding ? nil : connections.now.advanced(byNanoseconds: Self.retryDelay)
  }

  /// Nanoseconds after which idle connections are tried again when none could take a message.
  private static var retryDelay: UInt64 { 1_000_000 }

  /// Whether a pattern may be played on a connection that can begin a message. A conversation
  /// cannot tell late answers to older messages from its own, so it needs a connection with no
  /// answer owed.
  private mutating func mayPlay(
    _ pattern: Int, on slot: UInt32, among connections: inout Connections
  ) -> Bool {
    patterns.traits(pattern).answer != .conversation || connections.rows.isClear(slot)
  }

  /// Sets `unsent` to this worker's messages that were due at the rate and are not begun, for want of
  /// an idle connection or of time.
  private mutating func countUnsent(
    _ pattern: Int, rate: Double, among connections: inout Connections
  ) {
    let schedule = Schedule(start: start, rate: rate)
    let share = connections.assignment.share
    let limit = min(connections.now.advanced(byNanoseconds: 1), end)
    let dueOfAll = Double(limit.nanoseconds(since: schedule.start)) / 1e9 * rate
    var ownDue = Int(max(0, min(dueOfAll, 0x1p53) / Double(share.count)))
    while ownDue > 0, schedule.due(share.ordinal(ownDue - 1)) >= limit { ownDue -= 1 }
    while schedule.due(share.ordinal(ownDue)) < limit { ownDue += 1 }
    connections.board[pattern, .unsent] =
      patterns.unsentBefore(pattern)
      + UInt64(max(0, ownDue - patterns.begunAtRate(pattern)))
  }

  /// Plays a pattern once on each connection that the cursor finds free. Connections that are busy
  /// play it when their message under way is over, and new ones when they are established.
  private mutating func playOnce(_ pattern: Int, among connections: inout Connections) -> Instant? {
    guard start <= connections.now else { return start }
    var begun = 0
    for _ in 0..<Self.cursorStride {
      let slot = patterns.cursor(pattern).slot
      guard slot < connections.rows.firstUnused else { return nil }
      guard begun < Connections.batch else { return connections.now }
      patterns.step(pattern, slots: .max)
      guard connections.rows.canBeginMessage(slot),
        let round = unplayedRound(of: slot, pattern, among: &connections),
        mayPlay(pattern, on: slot, among: &connections), makeReady(slot, among: &connections)
      else { continue }
      connections.rows.messages.setRound(of: slot, pattern, to: round &+ 1)
      beginMessage(pattern, on: slot, due: start, among: &connections)
      begun += 1
      connections.readClock()
    }
    return connections.now
  }

  /// At the end of a phase, counts as unsent the messages that were to be played once on each
  /// connection and were not begun.
  private mutating func countUnplayed(among connections: inout Connections) {
    for pattern in 0..<patterns.count where isPlayed(pattern) && patterns.traits(pattern).isOnce {
      for slot in 0..<connections.rows.firstUnused {
        switch connections.rows.state(slot) {
        case .free, .connecting: break
        default:
          if unplayedRound(of: slot, pattern, among: &connections) != nil {
            connections.board.add(pattern, .unsent)
          }
        }
      }
    }
  }

  /// The only round of a pattern that is played once; nil when this connection has played it in
  /// this phase.
  private mutating func unplayedRound(
    of slot: UInt32, _ pattern: Int, among connections: inout Connections
  ) -> UInt32? {
    let cursor = patterns.cursor(pattern)
    let round = cursor.pendingRound(connections.rows.messages.round(of: slot, pattern))
    return round == cursor.firstRound ? round : nil
  }

  /// Has a new connection take part in each pattern, from the round in which the cursor comes to
  /// its slot next; in patterns that are played once, from their only round.
  mutating func joinRounds(_ slot: UInt32, among connections: inout Connections) {
    extendRounds(over: slot)
    for pattern in 0..<patterns.count {
      let cursor = patterns.cursor(pattern)
      let isOnce = patterns.traits(pattern).isOnce
      let round = isOnce ? cursor.firstRound : cursor.nextRound(at: slot)
      connections.rows.messages.setRound(of: slot, pattern, to: round)
    }
  }

  /// Begins the messages that are due on a connection, the oldest first. Several may have become
  /// due while one was under way.
  ///
  /// A message that could not be begun when the cursor came to its slot was counted as `unsent`. When it is
  /// begun now, that count is taken back.
  ///
  /// - Parameters:
  ///   - round: the round in which the cursor of `pattern` stands at this slot. The message of that
  ///     round is not counted as `unsent` yet. Nil where no cursor stands at the slot.
  mutating func beginAllDue(
    _ slot: UInt32, currentRound round: UInt32? = nil, of pattern: Int = 0,
    among connections: inout Connections
  ) {
    for _ in 0..<Connections.batch {
      guard connections.rows.canBeginMessage(slot),
        let message = nextMessage(of: slot, among: &connections),
        makeReady(slot, among: &connections)
      else { return }
      if patterns.traits(message.pattern).every > 0,
        message.pattern != pattern || message.round != round
      {
        connections.board.subtract(message.pattern, .unsent)
      }
      connections.rows.messages.setRound(of: slot, message.pattern, to: message.round &+ 1)
      beginMessage(message.pattern, on: slot, due: message.due, among: &connections)
    }
  }

  /// The message that has been due on a connection for the longest; nil when none is due. Looks
  /// only at patterns that may be played on it (`mayPlay`), so a conversation that has to wait
  /// keeps no other pattern waiting.
  private mutating func nextMessage(
    of slot: UInt32, among connections: inout Connections
  ) -> (pattern: Int, round: UInt32, due: Instant)? {
    var first: (pattern: Int, round: UInt32, due: Instant)?
    for pattern in 0..<patterns.count where isPlayed(pattern) {
      guard mayPlay(pattern, on: slot, among: &connections) else { continue }
      let traits = patterns.traits(pattern)
      if traits.isOnce, first == nil, start <= connections.now, connections.now < end,
        let round = unplayedRound(of: slot, pattern, among: &connections)
      {
        first = (pattern, round, connections.now)
      }
      guard traits.every > 0 else { continue }
      let cursor = patterns.cursor(pattern)
      let round = cursor.pendingRound(connections.rows.messages.round(of: slot, pattern))
      guard cursor.hasPassed(slot, in: round) else { continue }
      // If the round had more slots when the cursor passed, the instant computed now may be in the
      // future.
      let due = min(cursor.due(slot, in: round), connections.now)
      if first.map({ due < $0.due }) ?? true { first = (pattern, round, due) }
    }
    return first
  }

  /// Does what an event has made possible on a connection: goes on with its conversation, closes
  /// the connection if it was to be closed after its message, or begins the messages that are due.
  mutating func followUp(_ slot: UInt32, among connections: inout Connections) {
    if connections.rows.marks(slot).has(.conversing) {
      player.proceed(slot, among: &connections)
    }
    let marks = connections.rows.marks(slot)
    // An overdue message is not waited for: else the connection might never be closed.
    let mayClose = connections.rows.state(slot) == .established || marks.has(.overdue)
    if marks.has(.closesAfterMessage), mayClose, connections.rows.state(slot) != .free {
      return connections.closeAsPlanned(slot)
    }
    guard connections.rows.state(slot) == .established else { return }
    guard !beginsNoMessages else { return }
    if hasRounds { beginAllDue(slot, among: &connections) }
    // The answers are this pattern's only pace, so its next message need not wait for `playAtRate`.
    if let pattern = closedLoopPattern, connections.rows.state(slot) == .established,
      start <= connections.now, connections.now < end
    {
      beginMessage(pattern, on: slot, due: connections.now, among: &connections)
    }
  }
}
