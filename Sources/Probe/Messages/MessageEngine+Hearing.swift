import Linux

/// What becomes of bytes that come: answers, pushed messages, or something that nobody asked for.
extension MessageEngine where System: ~Copyable {
  /// Takes bytes that have come on a connection. True when the caller is to throw away all else that
  /// can be read now: the bytes belong to a wrong answer, or nothing that still comes is waited for.
  mutating func hear(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    switch connections.rows.state(slot) {
    case .asked:
      if System.carriesMessages, !endsMessage { return false }
      connections.rows.answer(slot)
      connections.board.add(.verified)
    case .sending, .awaiting, .pausing:
      return unsafe hearAnswer(slot, heard, among: &connections)
    case .draining:
      connections.rows.keepDraining(slot, at: connections.now.nanoseconds)
      if System.carriesMessages { passOver(slot, among: &connections) }
      return true
    case .established where connections.rows.marks(slot).has(.owing):
      return unsafe hearOwed(slot, heard, among: &connections)
    case .established, .connecting, .free:
      unsafe hearUnasked(slot, heard, among: &connections)
    }
    return false
  }

  /// As `hear`, for a connection with a message or a conversation under way.
  mutating func hearAnswer(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    let marks = connections.rows.marks(slot)
    if marks.has(.wrong | .unanswerable) { return true }
    if marks.has(.owing) { return unsafe hearOwed(slot, heard, among: &connections) }
    if marks.has(.conversing) { return unsafe hearConversation(slot, heard, among: &connections) }
    let pattern = connections.rows.messages.pattern(of: slot)
    let traits = patterns.traits(pattern)
    if System.carriesMessages, traits.isKnown {
      return unsafe hearPiece(slot, heard, among: &connections)
    }
    var used = heard.count
    switch traits.answer {
    case .nothing, .acknowledged, .conversation: used = 0
    case .echo:
      unsafe used = compare(
        slot, heard, with: message(of: slot, among: &connections), among: &connections)
    case .text:
      unsafe used = compare(slot, heard, with: patterns.answer(pattern), among: &connections)
    case .anything:
      let before = connections.rows.messages.answerProgress(of: slot)
      used = min(heard.count, traits.answerCount - Int(before))
      connections.rows.messages.setAnswerProgress(of: slot, to: before + UInt32(used))
    case .matching, .framed: unsafe used = search(slot, heard, for: pattern, among: &connections)
    }
    if connections.rows.marks(slot).has(.wrong) || connections.rows.state(slot) == .draining {
      return true
    }
    conclude(slot, among: &connections)
    if used < heard.count {
      unsafe hearUnasked(
        slot, UnsafeRawBufferPointer(rebasing: heard[used...]), among: &connections)
    }
    return false
  }

  /// Takes bytes of a conversation; true when all else that can be read now is to be thrown away.
  private mutating func hearConversation(
    _ slot: UInt32, _ bytes: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    let heard = unsafe player.hear(slot, bytes, among: &connections)
    if heard.isWrong {
      unsafe keepWrongAnswer(slot, bytes, among: &connections)
      countWrongAnswer(slot, among: &connections)
      return true
    }
    if heard.used < bytes.count {
      unsafe hearUnasked(
        slot, UnsafeRawBufferPointer(rebasing: bytes[heard.used...]), among: &connections)
    }
    return false
  }

  /// Compares bytes heard with those that come next in `answer`, and counts the answer if it is wrong.
  /// Returns how many of the bytes heard belong to the answer.
  @inline(__always)
  private mutating func compare(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, with answer: UnsafeRawBufferPointer,
    among connections: inout Connections
  ) -> Int {
    let compared = unsafe connections.compare(slot, heard, with: answer)
    if !compared.isRight {
      unsafe keepWrongAnswer(slot, heard, among: &connections)
      countWrongAnswer(slot, among: &connections)
    }
    return compared.used
  }

  /// Takes bytes of an answer that is recognised by its content, or that says where it ends. Returns how many of
  /// the bytes belong to the answer.
  private mutating func search(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, for pattern: Int,
    among connections: inout Connections
  ) -> Int {
    let before = connections.rows.messages.answerProgress(of: slot)
    // The answer is whole already, and the message is still being sent.
    if before == MessageColumns.whole { return 0 }
    let found = unsafe searches.hear(
      pattern, on: slot, heard, stage: before, endsMessage: endsMessage)
    if found.isLast { connections.rows.mark(slot, .serverCloses) }
    if found.showsWrong {
      unsafe keepWrongAnswer(
        pattern, UnsafeRawBufferPointer(rebasing: heard[..<found.used]), on: slot,
        among: &connections)
    }
    switch found.end {
    case .open: connections.rows.messages.setAnswerProgress(of: slot, to: found.stage)
    case .right: connections.rows.messages.setAnswerProgress(of: slot, to: MessageColumns.whole)
    case .wrong, .endless:
      countWrongAnswer(slot, isOver: found.end == .wrong, among: &connections)
    }
    return found.used
  }

  /// Keeps what a wrong answer says, unless it may be the answer to a forgotten message. To be called before the
  /// answer is counted: `countWrongAnswer` forgets debts, and so changes `outcomeOfMisfit`.
  ///
  /// - Parameter said: the bytes of the read that showed the answer to be wrong. Earlier reads may have brought its
  ///   beginning.
  @inline(never)
  mutating func keepWrongAnswer(
    _ slot: UInt32, _ said: UnsafeRawBufferPointer, among connections: inout Connections
  ) {
    unsafe keepWrongAnswer(
      connections.rows.messages.pattern(of: slot), said, on: slot, among: &connections)
  }

  /// As `keepWrongAnswer`, for an answer to an earlier message, or one that is counted later.
  @inline(never)
  mutating func keepWrongAnswer(
    _ pattern: Int, _ said: UnsafeRawBufferPointer, on slot: UInt32,
    among connections: inout Connections
  ) {
    guard outcomeOfMisfit(slot, pattern, among: &connections) == .wrong else { return }
    unsafe connections.board.keepWrongAnswer(pattern, said)
  }

  // MARK: Unasked

  /// Takes bytes that belong to no answer that is waited for.
  mutating func hearUnasked(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) {
    if isRestOfAnswer(slot, among: &connections) { return }
    guard patterns.isPushed else {
      if !mayBeUnawaitedAnswer(slot, among: &connections) {
        unsafe connections.board.keepUnasked(heard)
        countUnasked(slot, among: &connections)
      }
      return connections.board.add(.unexpectedBytes, UInt64(heard.count))
    }
    unsafe hearPushed(slot, heard, among: &connections)
  }

  /// Counts a connection that was told something unasked; each connection once.
  private mutating func countUnasked(_ slot: UInt32, among connections: inout Connections) {
    guard !connections.rows.marks(slot).has(.unasked) else { return }
    connections.rows.mark(slot, .unasked)
    connections.board.add(.unasked)
  }

  /// Whether bytes that come may answer a message whose pattern expects no answer.
  mutating func mayBeUnawaitedAnswer(
    _ slot: UInt32, among connections: inout Connections
  ) -> Bool {
    hasPatterns && connections.rows.messages.hasBegun(slot)
      && patterns.traits(connections.rows.messages.pattern(of: slot)).isUnawaited
  }

  /// Whether bytes that come belong to the last answer: where that one ends is not known, and no other
  /// message was begun since.
  private mutating func isRestOfAnswer(_ slot: UInt32, among connections: inout Connections) -> Bool
  {
    hasPatterns && connections.rows.state(slot) == .established
      && connections.rows.messages.hasBegun(slot)
      && patterns.traits(connections.rows.messages.pattern(of: slot)).answer == .matching
  }

  /// Compares bytes with the message that the server is known to push again and again. After a wrong byte the
  /// comparison begins anew with that byte. All bytes up to the next whole message count as one wrong message.
  private mutating func hearPushed(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) {
    let text = unsafe patterns.pushed
    var place = connections.rows.messages.pushed(of: slot)
    for index in 0..<heard.count {
      let byte = unsafe heard[index]
      if unsafe byte != text[place] {
        if !connections.rows.marks(slot).has(.astray) {
          connections.rows.mark(slot, .astray)
          connections.board.add(.pushedWrong)
        }
        place = 0
        guard unsafe byte == text[0] else { continue }
      }
      place += 1
      guard place == text.count else { continue }
      connections.board.add(.pushed)
      connections.rows.unmark(slot, .astray)
      place = 0
    }
    connections.rows.messages.setPushed(of: slot, to: place)
  }
}
