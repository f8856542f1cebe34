import Linux

/// Answers over a kernel that carries messages (`Kernel.carriesMessages`). Such a kernel says where each message ends,
/// and an answer is one whole message.
extension MessageEngine where System: ~Copyable {
  /// Takes the pieces of messages that one read has brought.
  mutating func hearMessages(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) {
    var pieces = unsafe MessagePieces(heard)
    while let (piece, bytes) = unsafe pieces.next() {
      if piece.kind == .note {
        unsafe hearNote(slot, bytes, among: &connections)
        continue
      }
      connections.board.add(.bytesReceived, UInt64(bytes.count))
      endsMessage = piece.ends
      if !piece.begins, isRestOfMessage(slot, among: &connections) { continue }
      _ = unsafe hear(slot, bytes, among: &connections)
    }
  }

  /// Whether a piece in mid-message belongs to no answer that is waited for: its message began before the one under
  /// way was sent, or was wrong. An answer that has begun has come some way.
  private mutating func isRestOfMessage(
    _ slot: UInt32, among connections: inout Connections
  ) -> Bool {
    let marks = connections.rows.marks(slot)
    let pattern: Int
    if marks.has(.owing) {
      pattern = Int(connections.rows.messages.debt(0, of: slot).pattern)
    } else {
      switch connections.rows.state(slot) {
      case .sending, .awaiting: pattern = connections.rows.messages.pattern(of: slot)
      case .established:
        // What began unasked is counted already, and so is the rest of it. Else it is the rest of a wrong answer.
        return hasPatterns && connections.rows.messages.hasBegun(slot) && !marks.has(.unasked)
          && !patterns.isPushed && !mayBeUnawaitedAnswer(slot, among: &connections)
      default: return false
      }
    }
    let traits = patterns.traits(pattern)
    return (traits.isKnown || traits.answer == .framed)
      && connections.rows.messages.answerProgress(of: slot) == 0
  }

  /// Takes what the protocol says of the connection's last message: that it has arrived or, in words, why it was
  /// refused. It is under way still, unless nothing was to answer it.
  private mutating func hearNote(
    _ slot: UInt32, _ words: UnsafeRawBufferPointer, among connections: inout Connections
  ) {
    guard connections.rows.state(slot) == .awaiting, !connections.rows.marks(slot).has(.wrong)
    else { return }
    let pattern = connections.rows.messages.pattern(of: slot)
    if words.count > 0 {
      unsafe keepWrongAnswer(slot, words, among: &connections)
      countWrongAnswer(slot, isOver: true, namesMessage: true, among: &connections)
    } else if patterns.traits(pattern).answer == .acknowledged {
      settle(slot, pattern, among: &connections)
    }
  }

  /// As `hearAnswer`, for one piece of an answer whose bytes, or their number, are known beforehand.
  mutating func hearPiece(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    let pattern = connections.rows.messages.pattern(of: slot)
    let before = connections.rows.messages.answerProgress(of: slot)
    // The answer is whole already, and the message is still being sent.
    guard before != MessageColumns.whole else {
      unsafe hearUnasked(slot, heard, among: &connections)
      return false
    }
    let fits: Bool =
      switch patterns.traits(pattern).answer {
      case .echo:
        unsafe fits(heard, in: message(of: slot, among: &connections), at: Int(before))
      case .text: unsafe fits(heard, in: patterns.answer(pattern), at: Int(before))
      default: fits(heard.count, in: patterns.traits(pattern).answerCount, at: Int(before))
      }
    guard fits else {
      unsafe keepWrongAnswer(slot, heard, among: &connections)
      countWrongAnswer(slot, isOver: endsMessage, among: &connections)
      return true
    }
    connections.rows.messages.setAnswerProgress(
      of: slot, to: endsMessage ? MessageColumns.whole : before + UInt32(heard.count))
    conclude(slot, among: &connections)
    return false
  }

  /// Whether a piece is what stands at a place of the answer, and its message ends where the answer does.
  @inline(__always)
  mutating func fits(
    _ heard: UnsafeRawBufferPointer, in answer: UnsafeRawBufferPointer, at before: Int
  ) -> Bool {
    guard fits(heard.count, in: answer.count, at: before) else { return false }
    return unsafe Memory.isEqual(
      UnsafeRawBufferPointer(rebasing: answer[before..<before + heard.count]), heard)
  }

  /// Whether an answer of `whole` bytes has room for a piece of `count` bytes after the first `before`, and the
  /// piece's message ends where the answer does.
  @inline(__always)
  mutating func fits(_ count: Int, in whole: Int, at before: Int) -> Bool {
    let end = before + count
    return endsMessage ? end == whole : end <= whole
  }

  /// Passes over a piece of a wrong answer. The connection is idle again once the answer's message has ended.
  @inline(never)
  mutating func passOver(_ slot: UInt32, among connections: inout Connections) {
    if endsMessage { connections.rows.endDraining(slot) }
  }

  /// As `hearOwed`, for one piece of a message.
  @inline(never)
  mutating func hearOwedPiece(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    while connections.rows.marks(slot).has(.owing) {
      let debt = connections.rows.messages.debt(0, of: slot)
      let before = connections.rows.messages.answerProgress(of: slot)
      let traits = patterns.traits(Int(debt.pattern))
      let fits: Bool
      switch traits.answer {
      case .nothing, .acknowledged, .conversation:
        dropDebts(slot, 1, among: &connections)
        continue
      case .anything: fits = self.fits(heard.count, in: traits.answerCount, at: Int(before))
      case .echo, .text:
        let answer = unsafe owedAnswer(debt, of: slot, among: &connections)
        unsafe fits = self.fits(heard, in: answer, at: Int(before))
        if !fits,
          unsafe skipUnanswered(slot, answer, heard, before: Int(before), among: &connections)
        {
          continue
        }
      case .matching, .framed:
        let found = unsafe searches.hear(
          Int(debt.pattern), on: slot, heard, stage: before, endsMessage: endsMessage)
        if found.showsWrong {
          unsafe keepWrongAnswer(Int(debt.pattern), heard, on: slot, among: &connections)
        }
        switch found.end {
        case .open: connections.rows.messages.setAnswerProgress(of: slot, to: found.stage)
        case .right: notePaid(slot, debt, among: &connections)
        case .wrong, .endless: refuteOldestDebt(slot, among: &connections)
        }
        return false
      }
      if !fits {
        unsafe countWrongDebt(slot, heard, isOver: endsMessage, among: &connections)
      } else if endsMessage {
        notePaid(slot, debt, among: &connections)
      } else {
        connections.rows.messages.setAnswerProgress(of: slot, to: before + UInt32(heard.count))
      }
      return false
    }
    return unsafe hear(slot, heard, among: &connections)
  }
}
