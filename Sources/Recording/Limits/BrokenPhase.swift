/// A phase that broke its promise, and the limit that decided it.
package struct BrokenPhase: Sendable, Equatable {
  package var phase: PhaseRecord
  /// Nil where nothing that was recorded explains it.
  package var limit: LimitRecord?

  package init(phase: PhaseRecord, limit: LimitRecord?) {
    self.phase = phase
    self.limit = limit
  }
}
