import Recording

/// A stretch of a run without a sample, where samples were due: the run stood still, or its host did. Of what happened
/// in the stretch only the totals are known, not when it happened.
package struct SampleGap: Sendable, Equatable {
  /// When the sample before the gap was taken, in seconds since the run started.
  package var from: Double
  /// When the sample after it was taken.
  package var to: Double
  /// The phase in which the gap began; nil where no phase had begun yet.
  package var phase: String?

  package init(from: Double, to: Double, phase: String?) {
    (self.from, self.to, self.phase) = (from, to, phase)
  }

  package var seconds: Double { to - from }
}

extension Recording {
  /// Seconds by which a sample may be late: as late as an arrival of a churn may be (`Counter.lateAfter`).
  private static let lateness = 1.0

  /// The stretches in which the next sample came late by more than `lateness`.
  ///
  /// - Parameter every: the planned time from one sample to the next.
  func sampleGaps(every: Duration) -> [SampleGap] {
    let longest = every / .seconds(1) + Self.lateness
    return zip(sampleInstants, sampleInstants.dropFirst()).compactMap { from, to in
      guard to - from > longest else { return nil }
      let phase = phases.last { ($0.started ?? .infinity) <= from }
      return SampleGap(from: from, to: to, phase: phase?.name)
    }
  }
}
