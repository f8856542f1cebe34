import Linux
import Messages
import SystemPackage

/// Answers that have not come in time, and what they mean for the messages after them.
///
/// A message that is overdue is left to itself when its connection is to send the next one. Its
/// answer may still come: servers answer in order, so what comes then is taken for the oldest one
/// that is owed, and is late. It belongs to a later message only where it can be no other's: where
/// answers are known byte by byte, and differ.
extension Client where System: ~Copyable {
  /// Whether a message can be begun on a row that is due to; a message that is overdue is left to
  /// itself.
  mutating func makeReady(_ slot: UInt32) -> Bool {
    if connections.state(slot) == .established { return true }
    guard connections.canBeginMessage(slot) else { return false }
    let pattern = connections.messages.pattern(of: slot)
    if isSearchedInVain(slot, pattern) {
      refute(slot)
      return connections.state(slot) == .established
    }
    connections.abandon(slot)
    return true
  }

  /// Takes bytes for the answers that are owed, and the rest for the message under way; true when
  /// the rest that is there is to be thrown away.
  @inline(never)
  mutating func hearOwed(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) -> Bool {
    var used = 0
    while connections.marks(slot).has(.owing) {
      guard used < heard.count else { return false }
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let debt = connections.messages.debt(0, of: slot)
      let before = connections.messages.answered(of: slot)
      let script = messageEngine.patterns.script(Int(debt.pattern))
      switch script.answer {
      case .nothing, .conversation: forgive(slot, 1)
      case .anything:
        let count = min(rest.count, script.answerCount - Int(before))
        used += count
        note(slot, debt, answered: Int(before) + count, of: script.answerCount)
      case .echo, .text:
        let answer = unsafe owedAnswer(debt, of: slot)
        let count = min(rest.count, answer.count - Int(before))
        if unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: answer[Int(before)..<Int(before) + count]),
          UnsafeRawBufferPointer(rebasing: rest[..<count]))
        {
          used += count
          note(slot, debt, answered: Int(before) + count, of: answer.count)
        } else if unsafe !skipUnanswered(slot, answer, rest, before: Int(before)) {
          refuteOwed(slot)
          return true
        }
      case .matching, .framed:
        let found = unsafe messageEngine.searches.hear(
          Int(debt.pattern), on: slot, rest, stage: before)
        used += found.used
        switch found.end {
        case .open: connections.messages.setAnswered(of: slot, to: found.stage)
        case .right: settle(slot, debt)
        case .wrong:
          board.subtract(Int(debt.pattern), .missing)
          board.add(Int(debt.pattern), .wrong)
          noteAnswer(slot)
          forgive(slot, 1)
        }
      }
    }
    guard used < heard.count else { return false }
    return unsafe hear(slot, UnsafeRawBufferPointer(rebasing: heard[used...]))
  }

  private func owedFacts(
    _ debt: MessageColumns.Debt, of slot: UInt32
  ) -> MessageTemplate.Facts {
    var facts = self.facts(of: slot)
    facts.sequence = UInt64(debt.sequence)
    return facts
  }

  /// The answer to a debt that is known byte by byte.
  private func owedAnswer(
    _ debt: MessageColumns.Debt, of slot: UInt32
  ) -> UnsafeRawBufferPointer {
    let pattern = Int(debt.pattern)
    if messageEngine.patterns.script(pattern).answer == .text {
      return unsafe messageEngine.patterns.answer(pattern)
    }
    return unsafe messageEngine.patterns.fixedMessage(pattern)
      ?? messageEngine.patterns.message(pattern, owedFacts(debt, of: slot))
  }

  private mutating func note(
    _ slot: UInt32, _ debt: MessageColumns.Debt, answered: Int, of count: Int
  ) {
    connections.messages.setAnswered(of: slot, to: UInt32(answered))
    if answered == count { settle(slot, debt) }
  }

  /// The answer to the oldest debt is whole.
  private mutating func settle(_ slot: UInt32, _ debt: MessageColumns.Debt) {
    now = kernel.now()
    board.record(.roundTrip, nanoseconds: now.nanoseconds &- debt.due)
    board.record(.roundTripUncorrected, nanoseconds: now.nanoseconds &- debt.began)
    board.subtract(Int(debt.pattern), .missing)
    board.add(Int(debt.pattern), .late)
    noteAnswer(slot)
    forgive(slot, 1)
  }

  /// Expects no answer any more to so many debts, the oldest first.
  private mutating func forgive(_ slot: UInt32, _ count: Int) {
    for _ in 0..<count { connections.messages.settleDebt(of: slot) }
    if connections.messages.debtCount(of: slot) == 0 { connections.unmark(slot, .owing) }
  }

  /// Forgets the debts that have no answer, where what has come can only be a later message's; false
  /// where it is no answer at all.
  ///
  /// - Parameters:
  ///   - answer: to the oldest debt; `before` bytes of it have come already, or of a later one.
  private mutating func skipUnanswered(
    _ slot: UInt32, _ answer: UnsafeRawBufferPointer, _ rest: UnsafeRawBufferPointer, before: Int
  ) -> Bool {
    let debts = connections.messages.debtCount(of: slot)
    for place in 1...debts {
      let pattern: Int
      var facts = self.facts(of: slot)
      if place < debts {
        let debt = connections.messages.debt(place, of: slot)
        pattern = Int(debt.pattern)
        facts.sequence = UInt64(debt.sequence)
      } else {
        guard connections.state(slot) != .established else { return false }
        pattern = connections.messages.pattern(of: slot)
      }
      switch messageEngine.patterns.script(pattern).answer {
      case .echo, .text: break
      default: continue
      }
      let other = unsafe messageEngine.patterns.otherAnswer(pattern, facts)
      let count = min(rest.count, other.count - before)
      guard count > 0,
        unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: answer[..<before]),
          UnsafeRawBufferPointer(rebasing: other[..<before])),
        unsafe Memory.isEqual(
          UnsafeRawBufferPointer(rebasing: rest[..<count]),
          UnsafeRawBufferPointer(rebasing: other[before..<before + count]))
      else { continue }
      forgive(slot, place)
      connections.messages.setAnswered(of: slot, to: UInt32(before))
      return true
    }
    return false
  }

  /// What has come answers nothing: the message under way is answered wrongly, or else the oldest
  /// that is owed an answer.
  private mutating func refuteOwed(_ slot: UInt32) {
    let debt = Int(connections.messages.debt(0, of: slot).pattern)
    // It may be the right answer to a message that is remembered no more.
    let outcome: MessageCounter =
      connections.messages.hasForgottenDebts(slot) ? .missing : .wrong
    forgive(slot, connections.messages.debtCount(of: slot))
    if connections.state(slot) == .established {
      board.subtract(debt, .missing)
      board.add(debt, outcome)
      noteAnswer(slot)
      quieten(slot)
    } else {
      refute(slot, as: outcome)
    }
  }

  /// Forgets what is owed, once nothing of it could be told from what comes.
  mutating func forgiveAll(_ slot: UInt32) {
    guard connections.marks(slot).has(.owing) else { return }
    forgive(slot, connections.messages.debtCount(of: slot))
  }
}
