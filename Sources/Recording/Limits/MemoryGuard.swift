/// How much memory must stay available while a run opens connections: with less, the run could take
/// the machine down.
package enum MemoryGuard: Sendable, Equatable {
  /// Share of the memory that the run may use, 0 to 1: the machine's, or a control group's bound where that
  /// is lower.
  case share(Double)
  case bytes(Int)

  /// The guard in bytes, where the run may use `total` bytes of memory.
  package func bytes(of total: Int) -> Int {
    switch self {
    case .share(let share): Int(Double(total) * share)
    case .bytes(let bytes): bytes
    }
  }
}
