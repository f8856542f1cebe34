import Linux
import SystemPackage

/// A recorded conversation on one connection, from its first step to its outcome.
///
/// Server and client each have their place in it. The client goes on when the answers that it had
/// heard by then have come whole, and its delay is over. What comes is compared with what comes
/// next in the recording, wherever the client is.
extension Client where System: ~Copyable {
  /// What is played on a connection.
  private mutating func script(of slot: UInt32) -> ConversationBook.Script {
    messageEngine.book.script(
      connections.messages.pattern(of: slot), on: connectionNumber(of: slot))
  }

  mutating func beginConversation(_ pattern: Int, on slot: UInt32, due: Instant) {
    connections.beginConversation(
      slot, pattern: pattern, due: due.nanoseconds, began: now.nanoseconds)
    let script = script(of: slot)
    if script.answers > 0 { wantAnswer(slot) }
    setDeadline(slot, script, from: due)
    continueConversation(slot)
  }

  /// Does what comes next, until something has to be waited for.
  mutating func continueConversation(_ slot: UInt32) {
    while connections.state(slot) == .awaiting, !connections.marks(slot).has(.wrong) {
      let script = script(of: slot)
      let heard = connections.messages.answer(of: slot)
      guard let cue = messageEngine.book.cue(connections.messages.cue(of: slot), of: script) else {
        if heard == script.answers, !script.awaitsClose { endConversation(slot) }
        return
      }
      guard cue.answersBefore <= heard else { return }
      let base = cue.followsAnswer ? now : Instant(nanoseconds: connections.due(slot))
      let due = base.advanced(byNanoseconds: cue.delay)
      guard due <= now else { return connections.pause(slot, until: due) }
      act(cue, on: slot, script, due: due)
    }
  }

  /// The delay before the next cue is over.
  private mutating func resume(_ slot: UInt32, due: Instant) {
    connections.resume(slot)
    let script = script(of: slot)
    // It ends when what came with the wrong byte has been read.
    if connections.marks(slot).has(.wrong) { return setDeadline(slot, script, from: now) }
    if let cue = messageEngine.book.cue(connections.messages.cue(of: slot), of: script) {
      board.record(.drift, nanoseconds: now.nanoseconds(since: due))
      act(cue, on: slot, script, due: due)
    }
    followUp(slot)
  }

  private mutating func act(
    _ cue: ConversationBook.Cue, on slot: UInt32, _ script: ConversationBook.Script, due: Instant
  ) {
    guard cue.act != .close else {
      endConversation(slot)
      return closeAsRecorded(slot)
    }
    connections.speak(slot, due: due.nanoseconds, began: now.nanoseconds)
    setDeadline(slot, script, from: due)
    if cue.act == .say {
      if offer(slot) { finishWriting(slot) }
      return
    }
    do throws(Errno) {
      try kernel.finishSending(connections.descriptor(slot))
      finishWriting(slot)
    } catch {
      lose(slot, error)
    }
  }

  /// What the client says next, made again.
  mutating func line(of slot: UInt32) -> UnsafeRawBufferPointer {
    let (script, facts) = (script(of: slot), facts(of: slot))
    // Asked for only while there is such a cue.
    let cue = messageEngine.book.cue(connections.messages.cue(of: slot), of: script)!
    return unsafe messageEngine.book.bytes(of: cue.text, facts)
  }

  // MARK: Answers

  /// Takes bytes of a conversation; true when the rest that is there is to be thrown away.
  mutating func hearConversation(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) -> Bool {
    let script = script(of: slot)
    var used = 0
    while used < heard.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let place = connections.messages.answer(of: slot)
      guard let answer = messageEngine.book.answer(place, of: script) else {
        unsafe hearUnasked(slot, rest)
        break
      }
      let facts = facts(of: slot)
      let text = unsafe messageEngine.book.bytes(of: answer.text, facts)
      if script.takesAnything {
        let before = connections.messages.answered(of: slot)
        let more = min(rest.count, text.count - Int(before))
        connections.messages.setAnswered(of: slot, to: before + UInt32(more))
        used += more
      } else {
        used += unsafe compare(slot, rest, with: text)
        if connections.marks(slot).has(.wrong) { return true }
      }
      if Int(connections.messages.answered(of: slot)) == text.count {
        finishAnswer(slot, answer, script)
      }
    }
    return false
  }

  private mutating func finishAnswer(
    _ slot: UInt32, _ answer: ConversationBook.Answer, _ script: ConversationBook.Script
  ) {
    now = kernel.now()
    // One that comes before it was asked for answers nothing.
    if answer.cuesBefore <= connections.messages.cue(of: slot) { recordRoundTrip(slot) }
    noteAnswer(slot)
    connections.messages.countAnswer(of: slot)
    guard connections.state(slot) != .pausing else { return }
    noteLateness(slot)
    setDeadline(slot, script, from: now)
  }

  /// Sets the instant by which what the server says or does next must have come.
  private mutating func setDeadline(
    _ slot: UInt32, _ script: ConversationBook.Script, from instant: Instant
  ) {
    guard !connections.marks(slot).has(.overdue) else { return }
    let answer = messageEngine.book.answer(connections.messages.answer(of: slot), of: script)
    let timeout = messageEngine.patterns.script(connections.messages.pattern(of: slot)).timeout
    connections.setAlarm(
      slot,
      to: instant.advanced(byNanoseconds: timeout)
        .advanced(byNanoseconds: answer?.lag ?? script.closeLag))
  }

  /// An answer that comes in the turn that its deadline passes in is late all the same.
  private mutating func noteLateness(_ slot: UInt32) {
    guard !connections.marks(slot).has(.overdue), let deadline = connections.alarm(of: slot),
      deadline < now
    else { return }
    connections.giveUp(slot)
    board.add(connections.messages.pattern(of: slot), .missing)
  }

  // MARK: Ends

  private mutating func endConversation(_ slot: UInt32) {
    let pattern = connections.messages.pattern(of: slot)
    if connections.marks(slot).has(.overdue) {
      board.subtract(pattern, .missing)
      board.add(pattern, .late)
    } else {
      board.add(pattern, .received)
    }
    finishMessage(slot)
  }

  /// The server has ended a connection; true when it did so in the recording as well.
  mutating func endsAsRecorded(_ slot: UInt32, _ error: Errno?) -> Bool {
    let marks = connections.marks(slot)
    guard marks.has(.conversing), !marks.has(.wrong), error == nil || error == .connectionReset
    else { return false }
    let script = script(of: slot)
    guard connections.messages.answer(of: slot) == script.answers else { return false }
    // Both may have wanted to, and the server was faster.
    let next = messageEngine.book.cue(connections.messages.cue(of: slot), of: script)
    guard next.map({ $0.act == .close }) ?? script.awaitsClose else { return false }
    if connections.state(slot) != .pausing { noteLateness(slot) }
    endConversation(slot)
    closeAsRecorded(slot)
    return true
  }

  private mutating func closeAsRecorded(_ slot: UInt32) {
    try? kernel.resetOnClose(connections.descriptor(slot), false)
    board.add(.closedAsRecorded)
    countChurnEnd(slot)
    drop(slot)
  }

  // MARK: Alarms

  /// Goes on where a delay is over, and gives up where an answer has not come in time.
  mutating func heedAlarms() {
    for _ in 0..<Self.batch {
      guard let alarm = connections.nextAlarm, alarm.due <= now else { return }
      if connections.state(alarm.row) == .pausing {
        resume(alarm.row, due: alarm.due)
        now = kernel.now()
      } else {
        noteMissingAnswer(alarm.row)
      }
    }
  }
}
