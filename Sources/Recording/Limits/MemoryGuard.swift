/// How much memory growth must leave free: past this, a run would take the machine down.
package enum MemoryGuard: Sendable, Equatable {
  /// Share of the machine's memory, 0 to 1.
  case share(Double)
  case bytes(Int)

  /// What it comes to on a machine of so much memory.
  package func bytes(of total: Int) -> Int {
    switch self {
    case .share(let share): Int(Double(total) * share)
    case .bytes(let bytes): bytes
    }
  }
}
