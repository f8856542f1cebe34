import Linux
import Messages
import SystemPackage

/// One message on one connection, from its first byte to its outcome.
extension MessageEngine where System: ~Copyable {
  /// Begins a message, or a conversation, on a connection that can begin one (`makeReady`).
  mutating func beginMessage(
    _ pattern: Int, on slot: UInt32, due: Instant, among connections: inout Connections
  ) {
    connections.board.add(pattern, .sent)
    connections.notes.countMessage(pattern, at: connections.now)
    connections.board.record(.drift, nanoseconds: connections.now.nanoseconds(since: due))
    let traits = patterns.traits(pattern)
    if traits.answer == .conversation {
      return player.begin(pattern, on: slot, due: due, among: &connections)
    }
    connections.rows.beginMessage(
      slot, pattern: pattern, due: due.nanoseconds, began: connections.now.nanoseconds)
    if traits.wantsAnswer { connections.wantAnswer(slot) }
    guard offer(slot, among: &connections) else { return }
    connections.finishWriting(slot)
    // No answer can be whole yet: every answer has at least one byte, and nothing was read since
    // the message was begun.
    if !traits.wantsAnswer { conclude(slot, among: &connections) }
  }

  /// Sends more of the message under way. Its answer may have come before it was sent whole.
  mutating func write(_ slot: UInt32, among connections: inout Connections) {
    guard offer(slot, among: &connections) else { return }
    connections.finishWriting(slot)
    conclude(slot, among: &connections)
  }

  /// Hands as much of the message under way to the kernel as it takes; true when the message is
  /// sent whole.
  @inline(__always)
  private mutating func offer(_ slot: UInt32, among connections: inout Connections) -> Bool {
    let message = unsafe message(of: slot, among: &connections)
    if System.carriesMessages { chooseKind(of: slot, among: &connections) }
    if System.fillsIn {
      connections.kernel.choose(
        connections.rows.messages.pattern(of: slot), connections.facts(of: slot))
    }
    switch unsafe connections.send(slot, message) {
    case .whole: return true
    case .partly: return false
    case .failed(let error):
      peerEnded(slot, error, among: &connections)
      return false
    }
  }

  /// Tells the kernel of what kind the message under way is.
  @inline(__always)
  private mutating func chooseKind(of slot: UInt32, among connections: inout Connections) {
    let pattern = connections.rows.messages.pattern(of: slot)
    connections.kernel.choose(patterns.traits(pattern).isBinary ? .binary : .text)
  }

  /// All bytes of the message under way: none are kept, so they are made again. Good until the next message is made.
  @inline(__always)
  mutating func message(of slot: UInt32, among connections: inout Connections)
    -> UnsafeRawBufferPointer
  {
    let pattern = connections.rows.messages.pattern(of: slot)
    // The texts of a conversation are the player's, not the pattern's.
    if !connections.rows.marks(slot).has(.conversing),
      let fixed = unsafe patterns.fixedMessage(pattern)
    {
      return unsafe fixed
    }
    return unsafe makeMessage(pattern, on: slot, among: &connections)
  }

  @inline(never)
  private mutating func makeMessage(
    _ pattern: Int, on slot: UInt32, among connections: inout Connections
  ) -> UnsafeRawBufferPointer {
    if connections.rows.marks(slot).has(.conversing) {
      return unsafe player.line(of: slot, among: &connections)
    }
    return unsafe patterns.message(pattern, connections.facts(of: slot))
  }

  // MARK: Outcomes

  /// Ends the message under way if it was sent whole and its answer has come whole; a conversation
  /// only if it has gone wrong.
  mutating func conclude(_ slot: UInt32, among connections: inout Connections) {
    switch connections.rows.state(slot) {
    case .awaiting, .pausing: break
    default: return
    }
    let pattern = connections.rows.messages.pattern(of: slot)
    if connections.rows.marks(slot).has(.wrong) { return connections.drainWrongAnswer(slot) }
    guard isAnswered(slot, pattern, among: &connections) else { return }
    settle(slot, pattern, among: &connections)
  }

  /// Ends the message under way, which was sent whole and answered rightly.
  @inline(__always)
  mutating func settle(
    _ slot: UInt32, _ pattern: Int, among connections: inout Connections
  ) {
    let wantsAnswer = patterns.traits(pattern).wantsAnswer
    if wantsAnswer {
      connections.readClock()
      connections.recordRoundTrip(slot)
      connections.noteAnswer(slot)
    }
    let expiry = Instant(nanoseconds: connections.rows.due(slot))
      .advanced(byNanoseconds: patterns.traits(pattern).timeout)
    if connections.rows.marks(slot).has(.overdue) {
      connections.board.subtract(pattern, .missing)
      connections.board.add(pattern, .late)
    } else {
      connections.board.add(pattern, wantsAnswer && expiry < connections.now ? .late : .received)
    }
    noteOrder(slot, pattern, among: &connections)
    if connections.rows.marks(slot).has(.serverCloses) {
      connections.awaitClose(slot)
    } else {
      connections.finishMessage(slot)
    }
  }

  @inline(__always)
  private mutating func isAnswered(
    _ slot: UInt32, _ pattern: Int, among connections: inout Connections
  ) -> Bool {
    let progress = connections.rows.messages.answerProgress(of: slot)
    let traits = patterns.traits(pattern)
    // While answers are owed, `answerProgress` is that of the oldest debt.
    if connections.rows.marks(slot).has(.owing), traits.answer != .nothing { return false }
    if System.carriesMessages, traits.isKnown { return progress == MessageColumns.whole }
    return switch traits.answer {
    case .nothing: true
    case .echo: Int(progress) == connections.rows.messages.written(of: slot)
    case .anything, .text: Int(progress) == traits.answerCount
    case .matching, .framed: progress == MessageColumns.whole
    // A note settles it.
    case .acknowledged, .conversation: false
    }
  }

  /// Counts a wrong answer to the message under way, and has the message end: at once, or when it has been sent
  /// whole. A conversation ends when the bytes that are there have been read (`conclude`).
  ///
  /// - Parameters:
  ///   - isOver: whether the wrong answer has come whole, so that the connection need not wait.
  ///   - namesMessage: whether the answer says which message it is for, so that it is no earlier message's.
  @inline(never)
  mutating func countWrongAnswer(
    _ slot: UInt32, isOver: Bool = false, namesMessage: Bool = false,
    among connections: inout Connections
  ) {
    let pattern = connections.rows.messages.pattern(of: slot)
    let marks = connections.rows.marks(slot)
    if marks.has(.overdue) { connections.board.subtract(pattern, .missing) }
    connections.board.add(
      pattern, namesMessage ? .wrong : outcomeOfMisfit(slot, pattern, among: &connections))
    forgetDebts(slot, among: &connections)
    connections.noteAnswer(slot)
    if connections.rows.state(slot) == .sending || marks.has(.conversing) {
      return connections.rows.mark(slot, .wrong)
    }
    if marks.has(.serverCloses) {
      connections.awaitClose(slot)
    } else if isOver {
      connections.finishMessage(slot)
    } else {
      connections.drainWrongAnswer(slot)
    }
  }

  /// Notes that the peer has ended a connection. That may be the end of an HTTP response, and the
  /// recorded end of a conversation. In all other cases the connection is lost.
  mutating func peerEnded(_ slot: UInt32, _ error: Errno?, among connections: inout Connections) {
    if error == nil, searches.mayEndAtClose {
      endAnswerAtClose(slot, among: &connections)
      // The connection was to be closed once its message was over, which it is now.
      if connections.rows.marks(slot).has(.closesAfterMessage),
        connections.rows.state(slot) == .established
      {
        return connections.closeAsPlanned(slot)
      }
    }
    player.peerEnded(slot, error, among: &connections)
  }

  /// Ends the HTTP response that goes on to the peer's close, if there is one.
  @inline(never)
  private mutating func endAnswerAtClose(_ slot: UInt32, among connections: inout Connections) {
    let marks = connections.rows.marks(slot)
    if marks.has(.owing) { return endOwedAtClose(slot, among: &connections) }
    guard connections.rows.state(slot) == .awaiting, !marks.has(.conversing | .wrong) else {
      return
    }
    let pattern = connections.rows.messages.pattern(of: slot)
    let stage = connections.rows.messages.answerProgress(of: slot)
    guard patterns.traits(pattern).answer == .framed, stage != 0, stage != MessageColumns.whole
    else { return }
    switch searches.close(pattern, on: slot, stage: stage) {
    case .open, .endless: return
    case .right:
      connections.rows.messages.setAnswerProgress(of: slot, to: MessageColumns.whole)
      conclude(slot, among: &connections)
    case .wrong: countWrongAnswer(slot, isOver: true, among: &connections)
    }
  }
}
