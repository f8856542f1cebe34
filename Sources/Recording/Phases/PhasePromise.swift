/// How many connections or arrivals a phase promised, and how many are missing. docs/verdict.md
/// says what each kind of phase promises.
package struct PhasePromise: Sendable, Equatable {
  /// Connections or arrivals that the promise is about; 1 for a search, which promises one number.
  package var promised: Int
  /// How many of `promised` are missing; for a close, how many were left open. It may exceed a
  /// `promised` of 0, as where a churn without arrivals lost connections from before it.
  package var missed: Int
  /// The share of `promised` that may be missing, 0 to 1.
  package var tolerance: Double
  /// Connections that stood when a churn began and were to stay beside it, but were lost. The
  /// promise tolerates none.
  package var lostBeside: Int

  package init(promised: Int, missed: Int, tolerance: Double = 0, lostBeside: Int = 0) {
    self.promised = promised
    self.missed = missed
    self.tolerance = tolerance
    self.lostBeside = lostBeside
  }

  /// The number that may be missing is rounded down: 0.1% of 999 is none. 1e-9 is added before
  /// that, because floating point puts 29% of 100 a little below 29.
  package var isKept: Bool {
    lostBeside <= 0
      && (missed <= 0 || Double(missed) <= (Double(promised) * tolerance + 1e-9).rounded(.down))
  }

  package var keptCount: Int { max(0, promised - missed) }
}

extension PhaseRecord {
  /// How far the phase came, for a headline. Nil where the record has no promise: in a pause,
  /// before the phase has ended, and before format 1.3. A search that found its number needs no
  /// promise.
  package var progress: String? {
    if kind.finds, let ceiling { return "the search found \(Format.count(ceiling)) connections" }
    return promise.flatMap(kind.progress)
  }
}
