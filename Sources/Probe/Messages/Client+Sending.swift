import Linux
import Messages
import SystemPackage

/// One message on one connection, from its first byte to its outcome.
extension Client where System: ~Copyable {
  /// - Parameter due: when the schedule wanted it.
  mutating func beginMessage(_ pattern: Int, on slot: UInt32, due: Instant) {
    board.add(pattern, .sent)
    notes.countMessage(pattern, at: now)
    board.record(.drift, nanoseconds: now.nanoseconds(since: due))
    let script = messageEngine.patterns.script(pattern)
    if script.answer == .conversation { return beginConversation(pattern, on: slot, due: due) }
    connections.beginMessage(
      slot, pattern: pattern, due: due.nanoseconds, began: now.nanoseconds)
    if script.wantsAnswer { wantAnswer(slot) }
    guard offer(slot) else { return }
    finishWriting(slot)
    // An answer cannot be there yet: none is empty, and nothing was read since.
    if !script.wantsAnswer { conclude(slot) }
  }

  /// Notes that a connection has asked for an answer, unless it has got one before.
  mutating func wantAnswer(_ slot: UInt32) {
    guard !connections.marks(slot).has(.answered | .unanswered) else { return }
    connections.mark(slot, .unanswered)
    board.add(.unanswered)
  }

  /// Sends more of the message under way; its answer may be there already.
  mutating func write(_ slot: UInt32) {
    guard offer(slot) else { return }
    finishWriting(slot)
    conclude(slot)
  }

  /// What was to be sent has been handed to the kernel whole.
  mutating func finishWriting(_ slot: UInt32) {
    connections.await(slot)
    if connections.marks(slot).has(.conversing) { connections.messages.countCue(of: slot) }
  }

  /// Hands as much of the message under way to the kernel as it takes; true when that was all.
  /// Where it takes no more, it will say when it does.
  @inline(__always)
  mutating func offer(_ slot: UInt32) -> Bool {
    let message = unsafe message(of: slot)
    var written = connections.messages.written(of: slot)
    while written < message.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: message[written...])
      switch unsafe kernel.send(connections.descriptor(slot), rest) {
      case .moved(let count):
        written += count
        board.add(.bytesSent, UInt64(count))
      case .wouldBlock:
        connections.messages.setWritten(of: slot, to: written)
        return false
      case .failed(let error):
        lose(slot, error)
        return false
      case .closed:
        lose(slot, nil)
        return false
      }
    }
    connections.messages.setWritten(of: slot, to: written)
    return true
  }

  /// The message under way on a connection, made again.
  @inline(__always)
  mutating func message(of slot: UInt32) -> UnsafeRawBufferPointer {
    let pattern = connections.messages.pattern(of: slot)
    // A conversation's pattern says nothing of its own.
    if !connections.marks(slot).has(.conversing),
      let fixed = unsafe messageEngine.patterns.fixedMessage(pattern)
    {
      return unsafe fixed
    }
    return unsafe makeMessage(pattern, on: slot)
  }

  @inline(never)
  private mutating func makeMessage(_ pattern: Int, on slot: UInt32) -> UnsafeRawBufferPointer {
    if connections.marks(slot).has(.conversing) { return unsafe line(of: slot) }
    return unsafe messageEngine.patterns.message(pattern, facts(of: slot))
  }

  /// The connection's number in the run.
  mutating func connectionNumber(of slot: UInt32) -> UInt64 {
    assignment.share.ordinal(Int(connections.messages.number(of: slot)))
  }

  mutating func facts(of slot: UInt32) -> MessageTemplate.Facts {
    let step = tuples.step(at: connections.position(slot))
    return MessageTemplate.Facts(
      connection: connectionNumber(of: slot),
      sequence: UInt64(connections.messages.sequence(of: slot)),
      source: assignment.sources[step.source], port: step.port, worker: assignment.share.index,
      seed: assignment.seed)
  }

  // MARK: Outcomes

  /// Ends the message under way if it has been sent whole and answered whole; a conversation only
  /// if it went wrong.
  mutating func conclude(_ slot: UInt32) {
    switch connections.state(slot) {
    case .awaiting, .pausing: break
    default: return
    }
    let pattern = connections.messages.pattern(of: slot)
    if connections.marks(slot).has(.wrong) { return quieten(slot) }
    guard isAnswered(slot, pattern) else { return }
    let wantsAnswer = messageEngine.patterns.script(pattern).wantsAnswer
    if wantsAnswer {
      now = kernel.now()
      recordRoundTrip(slot)
      noteAnswer(slot)
    }
    let expiry = Instant(nanoseconds: connections.due(slot))
      .advanced(byNanoseconds: messageEngine.patterns.script(pattern).timeout)
    if connections.marks(slot).has(.overdue) {
      board.subtract(pattern, .missing)
      board.add(pattern, .late)
    } else {
      board.add(pattern, wantsAnswer && expiry < now ? .late : .received)
    }
    finishMessage(slot)
  }

  /// The answer is whole now.
  @inline(__always)
  mutating func recordRoundTrip(_ slot: UInt32) {
    board.record(.roundTrip, nanoseconds: now.nanoseconds &- connections.due(slot))
    board.record(.roundTripUncorrected, nanoseconds: now.nanoseconds &- connections.began(slot))
  }

  @inline(__always)
  private mutating func isAnswered(_ slot: UInt32, _ pattern: Int) -> Bool {
    let answered = connections.messages.answered(of: slot)
    let script = messageEngine.patterns.script(pattern)
    // What has come is that of an older message.
    if connections.marks(slot).has(.owing), script.answer != .nothing { return false }
    return switch script.answer {
    case .nothing: true
    case .echo: Int(answered) == connections.messages.written(of: slot)
    case .anything, .text: Int(answered) == script.answerCount
    case .matching, .framed: answered == MessageColumns.whole
    case .conversation: false
    }
  }

  /// Other bytes than the right ones have come. A message that has not been written to its end
  /// stays under way until it has, and a conversation until what is there has been read.
  ///
  /// - Parameter isOver: whether all of the wrong answer has come.
  @inline(never)
  mutating func refute(
    _ slot: UInt32, as outcome: MessageCounter = .wrong, isOver: Bool = false
  ) {
    let pattern = connections.messages.pattern(of: slot)
    let marks = connections.marks(slot)
    dropAllDebts(slot)
    if marks.has(.overdue) { board.subtract(pattern, .missing) }
    board.add(pattern, outcome)
    noteAnswer(slot)
    if connections.state(slot) == .sending || marks.has(.conversing) {
      return connections.mark(slot, .wrong)
    }
    if isOver { finishMessage(slot) } else { quieten(slot) }
  }

  /// Has a connection wait until nothing more comes of a wrong answer.
  mutating func quieten(_ slot: UInt32) {
    // A connection that is to be closed sends no other message, so it need not wait.
    if connections.marks(slot).has(.leaving), connections.state(slot) != .established {
      return finishMessage(slot)
    }
    board.add(.waits)
    connections.quieten(slot, at: now.nanoseconds)
  }

  mutating func noteAnswer(_ slot: UInt32) {
    let marks = connections.marks(slot)
    if marks.has(.answered) { return }
    if marks.has(.unanswered) { board.subtract(.unanswered) }
    connections.unmark(slot, .unanswered)
    connections.mark(slot, .answered)
  }

  @inline(__always)
  mutating func finishMessage(_ slot: UInt32) { connections.finishMessage(slot) }

  /// The connection ends while its message is under way.
  mutating func cutShort(_ slot: UInt32) {
    guard !connections.marks(slot).has(.overdue | .wrong) else { return }
    board.add(connections.messages.pattern(of: slot), .short)
  }
}
