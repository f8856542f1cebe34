/// How much memory must stay available while a run opens connections: with less, the run could take
/// the machine down.
package enum MemoryGuard: Sendable, Equatable {
  /// Share of the machine's memory, 0 to 1.
  case share(Double)
  case bytes(Int)

  /// The guard in bytes, on a machine with `total` bytes of memory.
  package func bytes(of total: Int) -> Int {
    switch self {
    case .share(let share): Int(Double(total) * share)
    case .bytes(let bytes): bytes
    }
  }
}
