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
    connections.beginMessage(
      slot, pattern: pattern, due: due.nanoseconds, began: now.nanoseconds)
    if conversation.patterns.script(pattern).wantsAnswer,
      !connections.marks(slot).has(.answered | .unanswered)
    {
      connections.mark(slot, .unanswered)
      board.add(.unanswered)
    }
    write(slot)
  }

  /// Hands as much of the message under way to the kernel as it takes. Where it takes no more, it
  /// will say when it does.
  mutating func write(_ slot: UInt32) {
    let message = unsafe message(of: slot)
    var written = connections.messages.written(of: slot)
    while written < message.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: message[written...])
      switch unsafe kernel.send(connections.descriptor(slot), rest) {
      case .moved(let count):
        written += count
        board.add(.bytesSent, UInt64(count))
      case .wouldBlock:
        return connections.messages.setWritten(of: slot, to: written)
      case .failed(let error): return lose(slot, error)
      case .closed: return lose(slot, nil)
      }
    }
    connections.messages.setWritten(of: slot, to: written)
    connections.await(slot)
    conclude(slot)
  }

  /// The message under way on a connection, made again.
  func message(of slot: UInt32) -> UnsafeRawBufferPointer {
    unsafe conversation.patterns.message(
      connections.messages.pattern(of: slot), facts(of: slot))
  }

  private func facts(of slot: UInt32) -> MessageTemplate.Facts {
    let step = walk.step(at: connections.position(slot))
    return MessageTemplate.Facts(
      connection: assignment.share.ordinal(Int(connections.messages.number(of: slot))),
      sequence: UInt64(connections.messages.sequence(of: slot)),
      source: assignment.sources[step.source], port: step.port, worker: assignment.share.index,
      seed: assignment.seed)
  }

  // MARK: Outcomes

  /// Ends the message under way if it has been sent whole and answered whole.
  mutating func conclude(_ slot: UInt32) {
    guard connections.state(slot) == .awaiting else { return }
    let pattern = connections.messages.pattern(of: slot)
    if connections.marks(slot).has(.wrong) { return finishMessage(slot) }
    guard isAnswered(slot, pattern) else { return }
    let wantsAnswer = conversation.patterns.script(pattern).wantsAnswer
    if wantsAnswer {
      now = kernel.now()
      board.record(.roundTrip, nanoseconds: now.nanoseconds &- connections.due(slot))
      board.record(.roundTripUncorrected, nanoseconds: now.nanoseconds &- connections.began(slot))
      noteAnswer(slot)
    }
    let expiry = Instant(nanoseconds: connections.due(slot))
      .advanced(byNanoseconds: conversation.patterns.script(pattern).timeout)
    if connections.marks(slot).has(.overdue) {
      board.subtract(pattern, .missing)
      board.add(pattern, .late)
    } else {
      board.add(pattern, wantsAnswer && expiry < now ? .late : .received)
    }
    finishMessage(slot)
  }

  private func isAnswered(_ slot: UInt32, _ pattern: Int) -> Bool {
    let answered = connections.messages.answered(of: slot)
    let script = conversation.patterns.script(pattern)
    return switch script.answer {
    case .nothing: true
    case .echo: Int(answered) == connections.messages.written(of: slot)
    case .anything, .text: Int(answered) == script.answerCount
    case .matching: answered == MessageColumns.whole
    }
  }

  /// Other bytes than the right ones have come. The message stays under way until everything that
  /// came with them has been read.
  mutating func refute(_ slot: UInt32) {
    let pattern = connections.messages.pattern(of: slot)
    if connections.marks(slot).has(.overdue) { board.subtract(pattern, .missing) }
    board.add(pattern, .wrong)
    connections.mark(slot, .wrong)
    noteAnswer(slot)
  }

  private func noteAnswer(_ slot: UInt32) {
    if connections.marks(slot).has(.unanswered) { board.subtract(.unanswered) }
    connections.unmark(slot, .unanswered)
    connections.mark(slot, .answered)
  }

  private mutating func finishMessage(_ slot: UInt32) {
    forgetCollected(slot)
    connections.finishMessage(slot)
  }

  /// The connection ends while its message is under way.
  mutating func cutShort(_ slot: UInt32) {
    forgetCollected(slot)
    guard !connections.marks(slot).has(.overdue | .wrong) else { return }
    board.add(connections.messages.pattern(of: slot), .short)
  }

  private mutating func forgetCollected(_ slot: UInt32) {
    if !conversation.collected.isEmpty { conversation.collected[slot] = nil }
  }
}
