@testable import Probe

extension ConnectionTable {
  /// Whether every row is in the one list that belongs to its state, and in no other.
  var listsAreRight: Bool {
    let rows = Int(firstUnused)
    var isListed = [Bool](repeating: false, count: rows)
    /// Whether a list holds rows of its own kind, each of them once.
    func isRight(from first: UInt32, _ belongs: (UInt32) -> Bool) -> Bool {
      var row = first
      while row != Self.none {
        guard !isListed[Int(row)], belongs(row) else { return false }
        isListed[Int(row)] = true
        row = next(after: row)
      }
      return true
    }
    guard isRight(from: oldestConnecting, { state($0) == .connecting }),
      isRight(from: oldestIdle, { state($0) == .established })
    else { return false }
    for pattern in 0..<messages.patterns {
      let right = isRight(from: oldestMessage(of: pattern)) { slot in
        hasMessage(slot) && !marks(slot).has(.overdue) && messages.pattern(of: slot) == pattern
      }
      guard right else { return false }
    }
    return (0..<firstUnused).allSatisfy { slot in
      switch state(slot) {
      case .connecting, .established: isListed[Int(slot)]
      case .sending, .awaiting: isListed[Int(slot)] != marks(slot).has(.overdue)
      case .free, .asked: !isListed[Int(slot)]
      }
    }
  }

  func hasMessage(_ slot: UInt32) -> Bool {
    state(slot) == .sending || state(slot) == .awaiting
  }
}
