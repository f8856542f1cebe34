/// What this worker still has to open in a phase, and whether it should go on trying.
struct Opening: BitwiseCopyable {
  /// A worker gives up its phase after this many failures in a row: the cause will not go away by
  /// itself, and a flood of failures helps nobody.
  static var mostFailuresInARow: Int { 100 }

  /// How many connections have been begun, of the `total` that this worker is to begin in the
  /// phase or, in a search, in its step.
  private(set) var begun = 0
  private(set) var total = 0
  /// How often a handshake that times out in this phase is tried again, also when all have been begun; 0 after `end()`.
  private(set) var retries = 0
  private var failuresInARow = 0

  /// A phase begins, or a step of a search.
  ///
  /// - Parameter retries: 0 for a phase that opens nothing.
  mutating func beginPhase(retries: Int) {
    self = Opening()
    self.retries = retries
  }

  /// Sets how many connections are to be begun from now on.
  mutating func plan(_ total: Int) {
    begun = 0
    self.total = max(0, total)
  }

  var isDone: Bool { begun >= total }
  /// How many connections are still to be begun.
  var remainingCount: Int { max(0, total - begun) }

  mutating func noteBegun() { begun += 1 }

  mutating func noteSuccess() { failuresInARow = 0 }

  /// Notes a failure; false from failure number `mostFailuresInARow` in a row on.
  mutating func noteFailure() -> Bool {
    failuresInARow += 1
    return failuresInARow < Self.mostFailuresInARow
  }

  /// Has nothing more opened, and no handshake tried again.
  mutating func end() {
    total = begun
    retries = 0
  }
}
