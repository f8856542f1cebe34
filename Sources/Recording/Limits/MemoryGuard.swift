/// How much memory must stay available while a run opens connections. With less, the run could take the machine
/// down.
package enum MemoryGuard: Sendable, Equatable {
  /// A share, 0 to 1, of the memory that the run may use. That is the machine's memory, or the bound of a control
  /// group where that is lower.
  case share(Double)
  case bytes(Int)

  /// The guard in bytes for a run that may use `total` bytes of memory.
  package func bytes(of total: Int) -> Int {
    switch self {
    case .share(let share): Int(Double(total) * share)
    case .bytes(let bytes): bytes
    }
  }
}
