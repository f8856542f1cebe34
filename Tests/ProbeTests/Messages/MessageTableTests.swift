import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// The connection table with messages, against the same in the plainest words.
@Suite struct MessageTableTests {
  private struct Row {
    var isIdle = false
    var pattern: Int?
    var isOverdue = false
    var isSent = false
    var sequence = -1
    let number: UInt64
  }

  private struct Model {
    var rows: [UInt32: Row] = [:]
    /// Slots in the order in which they became idle, and in which their messages were begun.
    var idle: [UInt32] = []
    var messages: [[UInt32]] = [[], [], []]

    mutating func rest(_ slot: UInt32) {
      rows[slot]?.isIdle = true
      idle.append(slot)
    }

    mutating func unlist(_ slot: UInt32) {
      idle.removeAll { $0 == slot }
      for pattern in messages.indices { messages[pattern].removeAll { $0 == slot } }
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `keeps every list in order through a long random life`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let capacity = Int.random(in: 1...40, using: &generator)
    var table = try ConnectionTable(capacity: capacity, patterns: 3, pushed: true)
    var model = Model()
    for step in 0..<3000 as Range<UInt64> {
      let slot = model.rows.keys.sorted().randomElement(using: &generator)
      switch (Int.random(in: 0..<7, using: &generator), slot) {
      case (0...1, _) where model.rows.count < capacity:
        let slot = table.insert(
          descriptor: FileDescriptor(rawValue: 1), position: 0, due: 0, began: 0, number: step)
        model.rows[slot] = Row(number: step)
        #expect(table.messages.pushed(of: slot) == 0)
        table.messages.setPushed(of: slot, to: 5)
        table.establish(slot)
        model.rest(slot)
      case (2...3, let slot?) where model.rows[slot]!.isIdle:
        let pattern = Int.random(in: 0..<3, using: &generator)
        table.beginMessage(slot, pattern: pattern, due: step, began: step + 1)
        #expect(table.messages.written(of: slot) == 0)
        #expect(table.messages.answerProgress(of: slot) == 0)
        table.messages.setWritten(of: slot, to: 3)
        table.messages.setAnswerProgress(of: slot, to: 2)
        if step % 2 == 0 { table.await(slot) }
        model.unlist(slot)
        model.messages[pattern].append(slot)
        model.rows[slot]?.isIdle = false
        model.rows[slot]?.pattern = pattern
        model.rows[slot]?.sequence += 1
        model.rows[slot]?.isSent = step % 2 == 0
      case (4, let slot?) where model.rows[slot]!.pattern != nil && !model.rows[slot]!.isOverdue:
        table.markOverdue(slot)
        model.unlist(slot)
        model.rows[slot]?.isOverdue = true
        // It may be had for the next message.
        if model.rows[slot]!.isSent { model.idle.append(slot) }
        #expect(table.canBeginMessage(slot) == model.rows[slot]!.isSent)
      case (5, let slot?) where model.rows[slot]!.pattern != nil:
        table.mark(slot, .wrong)
        table.finishMessage(slot)
        #expect(!table.marks(slot).has(.ofMessage))
        model.unlist(slot)
        model.rows[slot]?.pattern = nil
        model.rows[slot]?.isOverdue = false
        model.rest(slot)
      case (6, let slot?):
        table.remove(slot)
        model.unlist(slot)
        model.rows[slot] = nil
      default: continue
      }
      let isRight = matches(table, model)
      try #require(isRight, "step \(step) of seed \(seed)")
    }
  }

  private func matches(_ table: borrowing ConnectionTable, _ model: Model) -> Bool {
    let audit = TableAudit(table)
    guard audit.listsAreRight, rows(of: table, from: table.oldestIdle) == model.idle,
      table.hasMessageUnderWay == model.messages.contains(where: { !$0.isEmpty })
    else { return false }
    for pattern in 0..<3 {
      let listed = rows(of: table, from: table.oldestMessage(of: pattern))
      guard listed == model.messages[pattern], audit.underWay[pattern] == listed.count else {
        return false
      }
    }
    return model.rows.allSatisfy { slot, row in
      table.messages.number(of: slot) == UInt32(row.number)
        && (row.pattern == nil || table.messages.pattern(of: slot) == row.pattern)
        && (row.sequence < 0 || Int(table.messages.sequence(of: slot)) == row.sequence)
        && table.marks(slot).has(.overdue) == row.isOverdue
    }
  }

  private func rows(of table: borrowing ConnectionTable, from first: UInt32) -> [UInt32] {
    var rows: [UInt32] = []
    var row = first
    while row != ConnectionTable.none {
      rows.append(row)
      row = table.next(after: row)
    }
    return rows
  }

  @Test func `rounds of one row and pattern are nobody else's`() throws {
    let table = try ConnectionTable(capacity: 5, patterns: 3)
    for slot in 0..<5 as Range<UInt32> {
      for pattern in 0..<3 {
        table.messages.setRound(of: slot, pattern, to: slot * 10 + UInt32(pattern))
      }
    }
    for slot in 0..<5 as Range<UInt32> {
      for pattern in 0..<3 {
        #expect(table.messages.round(of: slot, pattern) == slot * 10 + UInt32(pattern))
      }
    }
  }
}
