package import Recording

/// Whether growth may go on, judged from one sample.
package struct MemoryCheck: Sendable, Equatable {
  package var available: Int
  package var reserved: Int
  /// Bytes that the connections still missing would take.
  package var missing: Int

  package var allowsGrowth: Bool { available > reserved }

  /// Bytes by which the memory is short of the goal; 0 when it suffices.
  package var shortOf: Int { max(0, missing + reserved - available) }

  package init(
    available: Int, total: Int, guard memoryGuard: MemoryGuard?, goal: Int, established: Int,
    bytesPerConnection: Int
  ) {
    self.available = available
    reserved = memoryGuard?.bytes(of: total) ?? 0
    missing = max(0, goal - established) * bytesPerConnection
  }
}
