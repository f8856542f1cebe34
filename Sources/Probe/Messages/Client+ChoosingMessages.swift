import Linux

/// Which connection sends which message next. No connection has a timer.
extension Client where System: ~Copyable {
  /// Slots to walk past before looking at events again.
  private static var cursorStride: Int { 256 }

  /// Plays the patterns of a phase that has just begun.
  mutating func beginMessages(during task: ClientTask) {
    let played =
      command.phase < assignment.patternsOfPhase.count
      ? assignment.patternsOfPhase[command.phase] : []
    let slots = slotsPlanned(for: task)
    if case .seek = task, !messageEngine.beginsNoMessages, messageEngine.phase == command.phase {
      // Another step of the same search: the next round is walked for its goal.
      return messageEngine.plan(slots)
    }
    let span =
      command.phase < assignment.spanOfPhase.count ? assignment.spanOfPhase[command.phase] : nil
    messageEngine.play(played, in: command.phase, from: command.start, span: span, slots: slots)
    for pattern in played { messageEngine.patterns.noteUnsent(pattern, board[pattern, .unsent]) }
  }

  private mutating func slotsPlanned(for task: ClientTask) -> UInt32 {
    let share = assignment.share
    let inUse = connections.firstUnused
    let planned =
      switch task {
      case .open(let goal, _): share.part(of: goal)
      case .seek(let most, _): share.part(of: min(command.goal ?? most, most))
      case .churn(let rate, let lifetime, _, _):
        Int(board[.held]) + share.part(of: Int(min(rate * Double(lifetime) / 1e9, 1e9)))
      case .keep, .close: 0
      }
    return max(inUse, UInt32(clamping: min(planned, Int(connections.capacity))))
  }

  /// Sends what is due and returns when to be back; nil to wait for events alone.
  mutating func beginDueMessages() -> Instant? {
    var wake: Instant?
    if !messageEngine.beginsNoMessages {
      for pattern in 0..<messageEngine.patterns.count where messageEngine.isPlayed(pattern) {
        let script = messageEngine.patterns.script(pattern)
        wake = earliest(
          wake,
          script.every > 0
            ? playRounds(pattern)
            : script.isOnce ? playOnce(pattern) : playTurns(pattern, rate: script.rate))
      }
      if messageEngine.isEnding, wake == nil {
        messageEngine.stopMessages()
        // Nothing else may end the wait in which the phase is to be found settled.
        wake = now
      }
    }
    return earliest(wake, nextTimeout())
  }

  /// Each connection at its own instant of the round.
  private mutating func playRounds(_ pattern: Int) -> Instant? {
    var begun = 0
    for _ in 0..<Self.cursorStride {
      let cursor = messageEngine.patterns.cursor(pattern)
      let due = cursor.due
      guard due < messageEngine.end else { return nil }
      guard due <= now, begun < Self.batch else { return max(due, now) }
      let slot = cursor.slot
      let slots = max(messageEngine.plannedSlots, connections.firstUnused)
      messageEngine.patterns.step(pattern, slots: slots)
      guard slot < connections.firstUnused, isDue(slot, pattern, cursor) else { continue }
      if connections.canBeginMessage(slot) {
        catchUp(slot, in: cursor.round, of: pattern)
        begun += 1
        now = kernel.now()
      }
      if isDue(slot, pattern, cursor) { board.add(pattern, .unsent) }
    }
    return now
  }

  /// Whether a connection that is held has not begun its message of the cursor's round.
  private mutating func isDue(_ slot: UInt32, _ pattern: Int, _ cursor: RoundCursor) -> Bool {
    switch connections.state(slot) {
    case .free, .connecting: false
    default: cursor.next(connections.messages.round(of: slot, pattern)) <= cursor.round
    }
  }

  /// One connection after the other, whichever has been idle for the longest.
  private mutating func playTurns(_ pattern: Int, rate: Double) -> Instant? {
    guard messageEngine.start <= now else { return messageEngine.start }
    let schedule = Schedule(start: messageEngine.start, rate: rate)
    var begun = 0
    for _ in 0..<Self.batch {
      let ordinal = assignment.share.ordinal(messageEngine.patterns.turns(pattern))
      let due = rate == .infinity ? now : schedule.due(ordinal)
      guard due < messageEngine.end else { return nil }
      guard due <= now else { return due }
      let slot = connections.oldestIdle
      // An event will tell when somebody is idle again.
      guard slot != ConnectionTable.none else {
        if rate != .infinity { noteUntaken(pattern, schedule, rate: rate) }
        return nil
      }
      guard mayPlay(pattern, on: slot) else {
        connections.passOver(slot)
        continue
      }
      guard makeReady(slot) else { continue }
      messageEngine.patterns.countTurn(pattern)
      if board[pattern, .unsent] > messageEngine.patterns.unsentBefore(pattern) {
        board.subtract(pattern, .unsent)
      }
      beginMessage(pattern, on: slot, due: due)
      begun += 1
      now = kernel.now()
    }
    guard begun == 0 else { return now }
    // There are idle connections, and none of them may take the message: to look again at once
    // would be to spin.
    if rate != .infinity { noteUntaken(pattern, schedule, rate: rate) }
    return messageEngine.isEnding ? nil : now.advanced(byNanoseconds: Self.lookAgain)
  }

  /// Nanoseconds until idle connections that could not take a message are looked at once more.
  private static var lookAgain: UInt64 { 1_000_000 }

  /// Whether a pattern can be played on a connection that can begin a message. A conversation
  /// cannot tell late answers to older messages from its own, so it needs a connection that is owed
  /// none.
  private mutating func mayPlay(_ pattern: Int, on slot: UInt32) -> Bool {
    messageEngine.patterns.script(pattern).answer != .conversation || connections.isClear(slot)
  }

  /// Notes how many turns are due that nobody could take.
  private mutating func noteUntaken(_ pattern: Int, _ schedule: Schedule, rate: Double) {
    let share = assignment.share
    let limit = min(now.advanced(byNanoseconds: 1), messageEngine.end)
    let all = Double(limit.nanoseconds(since: schedule.start)) / 1e9 * rate
    var own = Int(max(0, min(all, 0x1p53) / Double(share.count)))
    while own > 0, schedule.due(share.ordinal(own - 1)) >= limit { own -= 1 }
    while schedule.due(share.ordinal(own)) < limit { own += 1 }
    board[pattern, .unsent] =
      messageEngine.patterns.unsentBefore(pattern)
      + UInt64(max(0, own - messageEngine.patterns.turns(pattern)))
  }

  /// Each connection that was there when the phase began, once. Others begin when they come into
  /// being, or when what is under way on them is over.
  private mutating func playOnce(_ pattern: Int) -> Instant? {
    guard messageEngine.start <= now else { return messageEngine.start }
    var begun = 0
    for _ in 0..<Self.cursorStride {
      let slot = messageEngine.patterns.cursor(pattern).slot
      guard slot < connections.firstUnused else { return nil }
      guard begun < Self.batch else { return now }
      messageEngine.patterns.step(pattern, slots: .max)
      guard connections.canBeginMessage(slot), let round = unplayedRound(of: slot, pattern),
        mayPlay(pattern, on: slot), makeReady(slot)
      else { continue }
      connections.messages.setRound(of: slot, pattern, to: round &+ 1)
      beginMessage(pattern, on: slot, due: messageEngine.start)
      begun += 1
      now = kernel.now()
    }
    return now
  }

  /// The only round of a pattern that is played once; nil when this connection has played it in
  /// this phase.
  private mutating func unplayedRound(of slot: UInt32, _ pattern: Int) -> UInt32? {
    let cursor = messageEngine.patterns.cursor(pattern)
    let round = cursor.next(connections.messages.round(of: slot, pattern))
    return round == cursor.firstRound ? round : nil
  }

  /// Has a new connection take part in each pattern from the round on in which the pattern's cursor
  /// comes to its slot next; in patterns that are played once, from the only round on.
  mutating func joinRounds(_ slot: UInt32) {
    for pattern in 0..<messageEngine.patterns.count {
      let cursor = messageEngine.patterns.cursor(pattern)
      let isOnce = messageEngine.patterns.script(pattern).isOnce
      let round = isOnce ? cursor.firstRound : cursor.nextRound(at: slot)
      connections.messages.setRound(of: slot, pattern, to: round)
    }
  }

  /// Begins the messages that are due on a connection, the oldest first, for as long as the
  /// connection can begin another one. Messages may have become due while another one was under
  /// way.
  ///
  /// A message that missed its turn was counted as unsent, and is not counted so any more.
  ///
  /// - Parameters:
  ///   - round: the round whose cursor stands at this slot now: its message has not missed its
  ///     turn. Nil when no cursor stands here.
  ///   - pattern: the pattern of that cursor.
  mutating func catchUp(_ slot: UInt32, in round: UInt32? = nil, of pattern: Int = 0) {
    for _ in 0..<Self.batch {
      guard connections.canBeginMessage(slot), let message = nextMessage(of: slot),
        mayPlay(message.pattern, on: slot), makeReady(slot)
      else { return }
      if messageEngine.patterns.script(message.pattern).every > 0,
        message.pattern != pattern || message.round != round
      {
        board.subtract(message.pattern, .unsent)
      }
      connections.messages.setRound(of: slot, message.pattern, to: message.round &+ 1)
      beginMessage(message.pattern, on: slot, due: message.due)
    }
  }

  private mutating func nextMessage(
    of slot: UInt32
  ) -> (pattern: Int, round: UInt32, due: Instant)? {
    var first: (pattern: Int, round: UInt32, due: Instant)?
    for pattern in 0..<messageEngine.patterns.count where messageEngine.isPlayed(pattern) {
      let script = messageEngine.patterns.script(pattern)
      if script.isOnce, first == nil, messageEngine.start <= now, now < messageEngine.end,
        let round = unplayedRound(of: slot, pattern)
      {
        first = (pattern, round, now)
      }
      guard script.every > 0 else { continue }
      let cursor = messageEngine.patterns.cursor(pattern)
      let round = cursor.next(connections.messages.round(of: slot, pattern))
      guard cursor.hasPassed(slot, in: round) else { continue }
      // The slots may have become fewer since.
      let due = min(cursor.due(slot, in: round), now)
      if first.map({ due < $0.due }) ?? true { first = (pattern, round, due) }
    }
    return first
  }

  /// What an event has made possible on a connection: to go on with a conversation, to leave, or to
  /// send what waits.
  mutating func followUp(_ slot: UInt32) {
    if connections.marks(slot).has(.conversing) { continueConversation(slot) }
    let marks = connections.marks(slot)
    // A message that is overdue is not waited for any more, and nothing else would end it.
    let isOver = connections.state(slot) == .established || marks.has(.overdue)
    if marks.has(.leaving), isOver, connections.state(slot) != .free { return closeAsPlanned(slot) }
    guard connections.state(slot) == .established else { return }
    guard !messageEngine.beginsNoMessages else { return }
    if messageEngine.hasRounds { catchUp(slot) }
    // Without waiting for its turn: nothing but this answer was to be waited for.
    if let pattern = messageEngine.unpaced, connections.state(slot) == .established,
      now < messageEngine.end
    {
      beginMessage(pattern, on: slot, due: now)
    }
  }

  // MARK: Patience

  /// Notes the answers that have not come in time.
  mutating func expireMessages() {
    for pattern in 0..<messageEngine.patterns.count {
      while let expiry = timeout(of: pattern), expiry <= now {
        noteMissingAnswer(connections.oldestMessage(of: pattern))
      }
    }
    heedAlarms()
    endQuiets()
  }

  /// Nanoseconds without a byte after which a wrong answer is taken to be over. Nothing arrives in
  /// pieces that are further apart, but for what a timeout of TCP's holds back (200 ms and more).
  private static var quiet: UInt64 { 100_000_000 }

  /// Goes on where nothing has come for long enough.
  private mutating func endQuiets() {
    while let end = nextQuiet(), end <= now {
      let slot = connections.oldestQuieting
      connections.endQuiet(slot)
      followUp(slot)
    }
  }

  private mutating func nextQuiet() -> Instant? {
    let slot = connections.oldestQuieting
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.due(slot)).advanced(byNanoseconds: Self.quiet)
  }

  /// The answer that a connection waits for is missing.
  mutating func noteMissingAnswer(_ slot: UInt32) {
    let pattern = connections.messages.pattern(of: slot)
    if isSearchedInVain(slot, patternUnderWay: pattern) {
      refute(slot)
      guard connections.state(slot) == .sending else { return followUp(slot) }
    }
    connections.giveUp(slot)
    let marks = connections.marks(slot)
    if !marks.has(.wrong) { board.add(pattern, .missing) }
    if marks.has(.leaving) { closeAsPlanned(slot) }
  }

  /// Whether bytes have come for the oldest message that waits for its answer, and have not
  /// matched. True only where the answer of that message is `.matching`.
  ///
  /// - Parameter patternUnderWay: the pattern of the message under way, which is the oldest one
  ///   where nothing is owed.
  mutating func isSearchedInVain(_ slot: UInt32, patternUnderWay: Int) -> Bool {
    let marks = connections.marks(slot)
    let pattern =
      marks.has(.owing) ? Int(connections.messages.debt(0, of: slot).pattern) : patternUnderWay
    guard messageEngine.patterns.script(pattern).answer == .matching,
      !marks.has(.wrong | .conversing)
    else { return false }
    let answered = connections.messages.answered(of: slot)
    return answered > 0 && answered != MessageColumns.whole
  }

  private mutating func nextTimeout() -> Instant? {
    var next = earliest(connections.nextAlarm?.due, nextQuiet())
    for pattern in 0..<messageEngine.patterns.count { next = earliest(next, timeout(of: pattern)) }
    return next
  }

  /// When the oldest message of a pattern is given up; nil when none is under way.
  private mutating func timeout(of pattern: Int) -> Instant? {
    let slot = connections.oldestMessage(of: pattern)
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.due(slot))
      .advanced(byNanoseconds: messageEngine.patterns.script(pattern).timeout)
  }
}
