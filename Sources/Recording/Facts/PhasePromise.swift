/// What a phase had to keep, and how much of it is missing. docs/verdict.md says what each kind of
/// phase promises.
package struct PhasePromise: Sendable, Equatable {
  /// Connections or arrivals that the promise is about.
  package var promised: Int
  /// Those of them that it was not kept for.
  package var missed: Int
  /// The share of `promised` that may be missing.
  package var tolerance: Double
  /// Connections that stood when a churn began and were to stay beside it, and did not. None of them
  /// may be missing.
  package var lostBeside: Int

  package init(promised: Int, missed: Int, tolerance: Double = 0, lostBeside: Int = 0) {
    self.promised = promised
    self.missed = missed
    self.tolerance = tolerance
    self.lostBeside = lostBeside
  }

  /// A whole number may be missing: 0.1% of 999 is none.
  package var isKept: Bool {
    lostBeside <= 0
      && (missed <= 0 || Double(missed) <= (Double(promised) * tolerance + 1e-9).rounded(.down))
  }

  package var kept: Int { max(0, promised - missed) }
}

extension PhaseRecord {
  /// How far the phase came, for a headline: "900 of 1,000 connections". Nil where nothing was
  /// promised, and for what programs before format 1.3 recorded.
  package var progress: String? {
    guard let promise else { return nil }
    let counts = "\(Format.count(promise.kept)) of \(Format.count(promise.promised))"
    return switch kind {
    case .ramp: "\(counts) connections"
    case .hold: "\(counts) connections held"
    case .churn where promise.lostBeside > 0:
      "\(Format.count(promise.lostBeside)) of the connections held beside the churn lost;"
        + " \(counts) arrivals lived as planned"
    case .churn: "\(counts) arrivals lived as planned"
    case .search: "the search found no number of connections that lasts"
    case .close:
      "\(Format.count(promise.missed)) of \(Format.count(promise.promised)) connections left open"
    case .pause: nil
    }
  }
}
