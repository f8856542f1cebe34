/// A phase that broke its promise, and the limit that explains why.
package struct BrokenPhase: Sendable, Equatable {
  package var phase: PhaseRecord
  /// Nil where no recorded limit explains the broken promise.
  package var limit: LimitRecord?

  package init(phase: PhaseRecord, limit: LimitRecord?) {
    self.phase = phase
    self.limit = limit
  }
}
