/// What a storm came to besides its promise.
package struct StormFacts: Sendable, Equatable {
  /// Connections that were cut.
  package let dropped: Int
  /// Seconds; nil where not all that was to come back did so in time and stood at the end, and where nothing was cut.
  package let recovery: Double?
  /// The most connections begun per second, averaged over a second; nil where no samples tell.
  package let peak: Double?
  /// Attempts that failed, whatever became of their connections later.
  package let refused: Int

  /// "50,000 cut", "back after 12.3 s", "at most 4,100/s", "12 attempts failed".
  package var parts: [String] {
    [
      "\(Format.count(dropped)) cut",
      recovery.map { "back after \(Format.duration(seconds: $0))" }
        ?? (dropped == 0 ? "nothing had to come back" : "not all back"),
      peak.map { "at most \(Format.rate($0)) begun" },
      refused == 1 ? "1 attempt failed" : "\(Format.count(refused)) attempts failed",
    ].compactMap(\.self)
  }
}

extension PhaseRecord {
  /// Whether a storm had nothing to cut, and all that was to stand stood all the same: it says nothing of a recovery.
  package var hadNothingToRecover: Bool {
    kind == .storm && dropped == 0 && promise?.isKept == true
  }
}

extension [PhaseRecord] {
  /// Seconds of the slowest recovery of storms, without those that had nothing to recover; nil where there is no
  /// other, and where one did not recover.
  var slowestRecovery: Double? {
    let recoveries = filter { !$0.hadNothingToRecover }.map(\.recovery)
    return recoveries.contains(nil) ? nil : recoveries.compactMap(\.self).max()
  }
}

extension Recording {
  /// Nil for other phases, and for a storm that has cut nothing yet.
  package func stormFacts(of phase: PhaseRecord) -> StormFacts? {
    guard phase.kind == .storm, let dropped = phase.dropped else { return nil }
    // A connection that stood and was lost once more is no attempt that failed.
    let lost = failures.filter {
      $0.phase == phase.name && $0.end == .client && $0.syscall != "closed"
    }
    return StormFacts(
      dropped: dropped, recovery: phase.recovery, peak: peakOfAttempts(in: phase),
      refused: lost.map(\.count).total)
  }

  /// Seconds: two samples that are to be a second apart may be a little less.
  private static var shortestStretch: Double { 0.95 }

  /// The most attempts per second in a phase, over any stretch between two samples of a second or more. Over the
  /// whole phase where it was shorter than that.
  private func peakOfAttempts(in phase: PhaseRecord) -> Double? {
    guard let span = span(of: phase), let series = series(.attempts) else { return nil }
    // The sample that a phase begins with is taken a moment before its begin.
    let before = series.points.last { $0.at < span.lowerBound }
    let points =
      (before.map { [Series.Point(at: span.lowerBound, value: $0.value)] } ?? [])
      + series.points.filter { span.contains($0.at) }
    guard let first = points.first, let last = points.last, last.at > first.at else { return nil }
    var peak: Double?
    var start = 0
    for end in points.indices {
      // The shortest stretch that ends here and lasts a second.
      while start + 1 < end, points[end].at - points[start + 1].at >= Self.shortestStretch {
        start += 1
      }
      let length = points[end].at - points[start].at
      guard length >= Self.shortestStretch else { continue }
      peak = max(peak ?? 0, (points[end].value - points[start].value) / length)
    }
    return peak ?? (last.value - first.value) / (last.at - first.at)
  }
}
