@testable import Probe

/// A connection table looked through from its first row to its last.
struct TableAudit {
  /// Messages of each pattern whose outcome is open.
  private(set) var underWay: [Int]
  /// Connections that want an answer and never got one.
  private(set) var unanswered = 0
  /// Whether every row is in the one list that belongs to its state, and in no other.
  private(set) var listsAreRight: Bool

  /// The list that each row was found in: connecting, idle, quieting, then one for each pattern.
  private var lists: [Int?]
  private static let connecting = 0
  private static let idle = 1
  private static let draining = 2
  private static let messages = 3

  init(_ table: borrowing ConnectionTable) {
    underWay = Array(repeating: 0, count: table.messages.patterns)
    lists = Array(repeating: nil, count: Int(table.firstUnused))
    listsAreRight = true
    walk(table, from: table.oldestConnecting, as: Self.connecting)
    walk(table, from: table.oldestIdle, as: Self.idle)
    walk(table, from: table.oldestDraining, as: Self.draining)
    for pattern in underWay.indices {
      walk(table, from: table.oldestMessage(of: pattern), as: Self.messages + pattern)
    }
    for slot in 0..<table.firstUnused { look(at: slot, in: table) }
  }

  private mutating func walk(_ table: borrowing ConnectionTable, from first: UInt32, as list: Int) {
    var row = first
    while row != ConnectionTable.none {
      guard lists[Int(row)] == nil else { return listsAreRight = false }
      lists[Int(row)] = list
      row = table.next(after: row)
    }
  }

  private mutating func look(at slot: UInt32, in table: borrowing ConnectionTable) {
    let marks = table.marks(slot)
    var expected: Int?
    switch table.state(slot) {
    case .connecting: expected = Self.connecting
    case .established: expected = Self.idle
    case .sending, .awaiting, .pausing:
      let pattern = table.messages.pattern(of: slot)
      if marks.has(.conversing) {
        let waits = table.state(slot) == .pausing || !marks.has(.overdue)
        if waits != (table.alarm(of: slot) != nil) { listsAreRight = false }
      } else if !marks.has(.overdue) {
        expected = Self.messages + pattern
      } else if table.state(slot) == .awaiting {
        expected = Self.idle
      }
      if !marks.has(.overdue | .wrong) { underWay[pattern] += 1 }
    case .draining: expected = Self.draining
    case .asked: break
    case .free: return listsAreRight = listsAreRight && lists[Int(slot)] == nil
    }
    if marks.has(.unanswered) { unanswered += 1 }
    if lists[Int(slot)] != expected { listsAreRight = false }
  }
}
