import Recording

/// A stretch of a run without a sample, where samples were due: the run stood still, or its host did. What
/// happened in it is known by its sums alone.
package struct SampleGap: Sendable, Equatable {
  /// When the sample before the gap was taken, in seconds since the run started.
  package var from: Double
  /// When the sample after it was taken.
  package var to: Double
  /// The phase in which the gap began; nil for none.
  package var phase: String?

  package init(from: Double, to: Double, phase: String?) {
    (self.from, self.to, self.phase) = (from, to, phase)
  }

  package var seconds: Double { to - from }
}

extension Recording {
  /// Seconds that a sample may be late: as many as an arrival of a churn may be (`Counter.lateAfter`).
  private static let lateness = 1.0

  /// - Parameter every: the time from one sample to the next, as planned.
  func sampleGaps(every: Duration) -> [SampleGap] {
    let longest = every / .seconds(1) + Self.lateness
    return zip(sampleInstants, sampleInstants.dropFirst()).compactMap { from, to in
      guard to - from > longest else { return nil }
      let phase = phases.last { ($0.started ?? .infinity) <= from }
      return SampleGap(from: from, to: to, phase: phase?.name)
    }
  }
}
