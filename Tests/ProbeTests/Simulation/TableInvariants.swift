@testable import Probe

extension ConnectionTable {
  /// Whether every row is in the one list that belongs to its state, and in no other.
  var listsAreRight: Bool {
    func rows(from first: UInt32) -> [UInt32] {
      var rows: [UInt32] = []
      var row = first
      while row != Self.none, rows.count <= Int(firstUnused) {
        rows.append(row)
        row = next(after: row)
      }
      return rows
    }
    func rows(_ isIn: (UInt32) -> Bool) -> [UInt32] { (0..<firstUnused).filter(isIn) }
    guard rows(from: oldestConnecting).sorted() == rows({ state($0) == .connecting }),
      rows(from: oldestIdle).sorted() == rows({ state($0) == .established })
    else { return false }
    return (0..<messages.patterns).allSatisfy { pattern in
      rows(from: oldestMessage(of: pattern)).sorted()
        == rows {
          (state($0) == .sending || state($0) == .awaiting) && !marks($0).has(.overdue)
            && messages.pattern(of: $0) == pattern
        }
    }
  }
}
