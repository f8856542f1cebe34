import Linux
import Messages
import SystemPackage

/// Answers that have not come in time, and what they mean for the messages after them.
///
/// An overdue message becomes a debt when its connection is to begin the next one. Its answer may
/// still come. Servers answer in order, so the next answer is taken for the oldest debt's, and counts
/// as late. It is taken for a later message's only where its bytes prove it: where answers are known
/// byte by byte, and differ.
///
/// A connection forgets debts whose answers may still come: the oldest one where there are too many, and all of
/// them after a wrong answer. Bytes that fit no answer may then belong to a forgotten message's. So the message that
/// they seem to answer counts as missing, not as wrong, unless all answers of the run are the same
/// (`outcomeOfMisfit`). That ends with a right answer which shows that no answer to a forgotten message can come any
/// more (`noteOrder`).
extension MessageEngine where System: ~Copyable {
  /// Makes a row ready for its next message; false when the row has to wait. An overdue message under
  /// way becomes a debt. But where bytes have come that do not match (`hasMismatch`), a wrong answer is
  /// counted instead, and the row waits until no more of that answer comes.
  mutating func makeReady(_ slot: UInt32, among connections: inout Connections) -> Bool {
    if connections.rows.state(slot) == .established { return true }
    guard connections.rows.canBeginMessage(slot) else { return false }
    let pattern = connections.rows.messages.pattern(of: slot)
    if hasMismatch(slot, patternUnderWay: pattern, among: &connections) {
      countWrongAnswer(slot, among: &connections)
      return connections.rows.state(slot) == .established
    }
    if patterns.traits(pattern).answer == .acknowledged {
      // What acknowledges it names it, so nothing that comes later is taken for that.
      connections.finishMessage(slot)
    } else {
      connections.rows.turnIntoDebt(slot)
    }
    return true
  }

  /// Takes bytes for the answers that are owed, and the rest as `hear` does; true when all else that can
  /// be read now is to be thrown away.
  @inline(never)
  mutating func hearOwed(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Bool {
    if System.carriesMessages { return unsafe hearOwedPiece(slot, heard, among: &connections) }
    var used = 0
    while connections.rows.marks(slot).has(.owing) {
      guard used < heard.count else { return false }
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let debt = connections.rows.messages.debt(0, of: slot)
      let before = connections.rows.messages.answerProgress(of: slot)
      let traits = patterns.traits(Int(debt.pattern))
      switch traits.answer {
      case .nothing, .acknowledged, .conversation: dropDebts(slot, 1, among: &connections)
      case .anything:
        let count = min(rest.count, traits.answerCount - Int(before))
        used += count
        note(slot, debt, answered: Int(before) + count, of: traits.answerCount, among: &connections)
      case .echo, .text:
        let answer = unsafe owedAnswer(debt, of: slot, among: &connections)
        let count = min(rest.count, answer.count - Int(before))
        if unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: answer[Int(before)..<Int(before) + count]),
          UnsafeRawBufferPointer(rebasing: rest[..<count]))
        {
          used += count
          note(slot, debt, answered: Int(before) + count, of: answer.count, among: &connections)
        } else if unsafe !skipUnanswered(
          slot, answer, rest, before: Int(before), among: &connections)
        {
          unsafe countWrongDebt(slot, rest, among: &connections)
          return true
        }
      case .matching, .framed:
        let found = unsafe searches.hear(
          Int(debt.pattern), on: slot, rest, stage: before, endsMessage: false)
        used += found.used
        if found.showsWrong {
          unsafe keepWrongAnswer(
            Int(debt.pattern), UnsafeRawBufferPointer(rebasing: rest[..<found.used]), on: slot,
            among: &connections)
        }
        switch found.end {
        case .open: connections.rows.messages.setAnswerProgress(of: slot, to: found.stage)
        case .right: notePaid(slot, debt, among: &connections)
        case .wrong: refuteOldestDebt(slot, among: &connections)
        case .endless:
          unsafe countWrongDebt(slot, nil, among: &connections)
          return true
        }
        if found.isLast {
          // The server closes after this answer, so it sends no other one.
          forgetDebts(slot, among: &connections)
          if connections.rows.state(slot) == .established {
            connections.awaitClose(slot)
          } else {
            connections.rows.mark(slot, .unanswerable)
          }
          return true
        }
      }
    }
    guard used < heard.count else { return false }
    return unsafe hear(slot, UnsafeRawBufferPointer(rebasing: heard[used...]), among: &connections)
  }

  /// Notes that the peer has closed, which may be the end of the oldest debt's answer.
  mutating func endOwedAtClose(_ slot: UInt32, among connections: inout Connections) {
    let debt = connections.rows.messages.debt(0, of: slot)
    let stage = connections.rows.messages.answerProgress(of: slot)
    guard patterns.traits(Int(debt.pattern)).answer == .framed, stage != 0 else { return }
    switch searches.close(Int(debt.pattern), on: slot, stage: stage) {
    case .open, .endless: return
    case .right: notePaid(slot, debt, among: &connections)
    case .wrong: refuteOldestDebt(slot, among: &connections)
    }
  }

  /// What fills the places of a message that has become a debt.
  private mutating func owedFacts(
    _ debt: MessageColumns.Debt, of slot: UInt32, among connections: inout Connections
  ) -> MessageTemplate.Facts {
    var facts = connections.facts(of: slot)
    facts.sequence = UInt64(debt.sequence)
    return facts
  }

  /// The bytes of the answer to a debt, of a pattern whose answers are known byte by byte (`echo`, `text`). Good until
  /// the next message is made.
  mutating func owedAnswer(
    _ debt: MessageColumns.Debt, of slot: UInt32, among connections: inout Connections
  ) -> UnsafeRawBufferPointer {
    let pattern = Int(debt.pattern)
    if patterns.traits(pattern).answer == .text {
      return unsafe patterns.answer(pattern)
    }
    return unsafe patterns.fixedMessage(pattern)
      ?? patterns.message(pattern, owedFacts(debt, of: slot, among: &connections))
  }

  /// Notes that `answered` of the `count` bytes of the oldest debt's answer have come.
  private mutating func note(
    _ slot: UInt32, _ debt: MessageColumns.Debt, answered: Int, of count: Int,
    among connections: inout Connections
  ) {
    connections.rows.messages.setAnswerProgress(of: slot, to: UInt32(answered))
    if answered == count { notePaid(slot, debt, among: &connections) }
  }

  /// Counts the answer to the oldest debt, which is whole now, as late, and drops the debt.
  mutating func notePaid(
    _ slot: UInt32, _ debt: MessageColumns.Debt, among connections: inout Connections
  ) {
    connections.readClock()
    connections.recordRoundTrip(due: debt.due, began: debt.began)
    connections.board.subtract(Int(debt.pattern), .missing)
    connections.board.add(Int(debt.pattern), .late)
    connections.noteAnswer(slot)
    noteOrder(slot, Int(debt.pattern), among: &connections)
    dropDebts(slot, 1, among: &connections)
  }

  /// Drops the `count` oldest debts: no answer to them is expected any more.
  mutating func dropDebts(
    _ slot: UInt32, _ count: Int, among connections: inout Connections
  ) {
    for _ in 0..<count { connections.rows.messages.removeOldestDebt(of: slot) }
    if connections.rows.messages.debtCount(of: slot) == 0 { connections.rows.unmark(slot, .owing) }
  }

  /// Looks for the first later message whose answer begins with what has come, and drops the debts
  /// before that message; they stay counted as missing. False when there is no such message. Only
  /// answers that are known byte by byte (`echo`, `text`) are compared, and messages with other answers
  /// are skipped. So false says only that no answer of that kind fits.
  ///
  /// - Parameters:
  ///   - answer: the answer to the oldest debt, which does not fit.
  ///   - rest: the bytes that have come now.
  ///   - before: how many bytes of `answer` had come earlier. They may belong to a later answer.
  mutating func skipUnanswered(
    _ slot: UInt32, _ answer: UnsafeRawBufferPointer, _ rest: UnsafeRawBufferPointer, before: Int,
    among connections: inout Connections
  ) -> Bool {
    let debts = connections.rows.messages.debtCount(of: slot)
    for place in 1...debts {
      let pattern: Int
      var facts = connections.facts(of: slot)
      if place < debts {
        let debt = connections.rows.messages.debt(place, of: slot)
        pattern = Int(debt.pattern)
        facts.sequence = UInt64(debt.sequence)
      } else {
        guard connections.rows.state(slot) != .established else { return false }
        pattern = connections.rows.messages.pattern(of: slot)
      }
      switch patterns.traits(pattern).answer {
      case .echo, .text: break
      default: continue
      }
      let other = unsafe patterns.otherAnswer(pattern, facts)
      let count = min(rest.count, other.count - before)
      guard count > 0,
        unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: answer[..<before]),
          UnsafeRawBufferPointer(rebasing: other[..<before])),
        unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: rest[..<count]),
          UnsafeRawBufferPointer(rebasing: other[before..<before + count]))
      else { continue }
      dropDebts(slot, place, among: &connections)
      connections.rows.messages.setAnswerProgress(of: slot, to: UInt32(before))
      return true
    }
    return false
  }

  /// Counts a wrong answer and forgets all debts, as the bytes that have come fit no answer that is
  /// owed. The message under way gets the wrong answer or, where there is none, the oldest debt.
  ///
  /// - Parameters:
  ///   - said: the bytes that showed the answer to be wrong; nil where they were kept already.
  ///   - isOver: see `countWrongAnswer`.
  mutating func countWrongDebt(
    _ slot: UInt32, _ said: UnsafeRawBufferPointer?, isOver: Bool = false,
    among connections: inout Connections
  ) {
    if let said = unsafe said {
      let isUnderWay = connections.rows.state(slot) != .established
      let pattern =
        isUnderWay
        ? connections.rows.messages.pattern(of: slot)
        : Int(connections.rows.messages.debt(0, of: slot).pattern)
      unsafe keepWrongAnswer(pattern, said, on: slot, among: &connections)
    }
    guard connections.rows.state(slot) == .established else {
      return countWrongAnswer(slot, isOver: isOver, among: &connections)
    }
    refuteOldestDebt(slot, among: &connections)
    forgetDebts(slot, among: &connections)
    if !isOver { connections.drainWrongAnswer(slot) }
  }

  /// Drops the oldest debt, whose answer does not fit, and counts it anew (`outcomeOfMisfit`).
  mutating func refuteOldestDebt(_ slot: UInt32, among connections: inout Connections) {
    let pattern = Int(connections.rows.messages.debt(0, of: slot).pattern)
    connections.board.subtract(pattern, .missing)
    connections.board.add(pattern, outcomeOfMisfit(slot, pattern, among: &connections))
    connections.noteAnswer(slot)
    dropDebts(slot, 1, among: &connections)
  }

  /// Drops all debts of a connection, though their answers may still come: after a wrong answer nobody
  /// can tell these from the rest of the wrong one.
  mutating func forgetDebts(_ slot: UInt32, among connections: inout Connections) {
    guard connections.rows.marks(slot).has(.owing) else { return }
    dropDebts(slot, connections.rows.messages.debtCount(of: slot), among: &connections)
    connections.rows.mark(slot, .forgetful)
  }

  /// How a message of the pattern counts when bytes have come that do not fit its answer: as wrong, or as
  /// missing where the bytes may answer a forgotten message.
  mutating func outcomeOfMisfit(
    _ slot: UInt32, _ pattern: Int, among connections: inout Connections
  ) -> MessageCounter {
    let mayBeAnother =
      connections.rows.marks(slot).has(.forgetful) && !patterns.traits(pattern).hasUniformAnswers
    return mayBeAnother ? .missing : .wrong
  }

  /// Notes that a message was answered rightly, which may show that no answer to a forgotten one can
  /// come any more.
  @inline(__always)
  mutating func noteOrder(
    _ slot: UInt32, _ pattern: Int, among connections: inout Connections
  ) {
    guard connections.rows.marks(slot).has(.forgetful), patterns.traits(pattern).hasDistinctAnswers
    else { return }
    connections.rows.unmark(slot, .forgetful)
  }
}
