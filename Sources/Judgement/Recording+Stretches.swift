package import Plan
package import Recording

/// The stretches of a run over which a threshold with `for` is measured.
///
/// Counters are known at samples only, so a stretch begins and ends at samples, or at the bounds of
/// its phase, and a rate is divided by the time that really lies between the two. A stretch depends
/// only on what comes before its end, so a run that is judged while it goes on has the same
/// stretches as its recording.
extension Recording {
  /// What a stretch may lack of its length, as a share: samples are seldom taken on time.
  private static let slack = 0.05

  /// Every complete stretch of the run.
  func stretches(of threshold: Threshold, window: Duration) -> [ClosedRange<Double>] {
    let instants = sampleInstants
    return bounds(of: threshold).flatMap { bounds in
      instants.indices.compactMap {
        stretch(of: threshold, window / .seconds(1), endingAt: $0, of: instants, in: bounds)
      }
    }
  }

  /// What a threshold is compared with over the stretch that ends at the last sample; nil where no such
  /// stretch is as long as the window, or has a value.
  package func lastMeasured(_ threshold: Threshold, window: Duration) -> Double? {
    let instants = sampleInstants
    guard let last = instants.indices.last else { return nil }
    let values = bounds(of: threshold).compactMap {
      stretch(of: threshold, window / .seconds(1), endingAt: last, of: instants, in: $0)
    }.compactMap { measure(threshold, in: $0) }
    return threshold.worst(of: values)
  }

  var sampleInstants: [Double] { series(.established)?.points.map(\.at) ?? [] }

  /// Where stretches may lie: in the phase or the run, and for `connect.rate` only where
  /// connections were wanted.
  private func bounds(of threshold: Threshold) -> [ClosedRange<Double>] {
    let phases = phases.filter { threshold.phase == nil || $0.name == threshold.phase }
    if threshold.metric == .connectRate { return phases.compactMap(wanting) }
    let spans = phases.compactMap(span)
    guard let first = spans.map(\.lowerBound).min(), let last = spans.map(\.upperBound).max() else {
      return []
    }
    return [first...last]
  }

  private func stretch(
    of threshold: Threshold, _ length: Double, endingAt place: Int, of instants: [Double],
    in bounds: ClosedRange<Double>
  ) -> ClosedRange<Double>? {
    let isConnectRate = threshold.metric == .connectRate
    let before = place > 0 ? instants[place - 1] : -.infinity
    // For `connect.rate` a stretch may also end at the first sample after connections were wanted: that
    // sample has what came until then.
    guard instants[place] > bounds.lowerBound,
      isConnectRate ? before < bounds.upperBound : instants[place] <= bounds.upperBound
    else { return nil }
    let end = min(instants[place], bounds.upperBound)
    guard end - bounds.lowerBound >= length * (1 - Self.slack) else { return nil }
    // What a counter rose by in less than the window can prove that it rose too much, and what it rose by in
    // more than the window can prove that it rose too little. So for an upper bound a stretch is at most as
    // long as the window, and for a lower bound at least as long.
    let isCount = threshold.metric.traits.quantity == .count && !threshold.metric.isGauge
    let isUpperBound = isCount && threshold.comparison.isUpperBound
    let least = isCount && threshold.comparison.isLowerBound ? length : length * (1 - Self.slack)
    var start = end
    var earlier = place - 1
    while start > bounds.lowerBound, isUpperBound || end - start < least {
      let next = earlier >= 0 ? max(instants[earlier], bounds.lowerBound) : bounds.lowerBound
      // A stretch has at least one interval, even where that is longer than the window.
      if isUpperBound, start < end, end - next > length { break }
      start = next
      earlier -= 1
    }
    guard isUpperBound || end - start >= least else { return nil }
    if threshold.metric == .messagesRate, !wantsMessages(throughout: start...end) { return nil }
    return start...end
  }

  /// Whether messages were wanted all the time: a stretch in which they were wanted only at its
  /// begin or end has no rate.
  private func wantsMessages(throughout span: ClosedRange<Double>) -> Bool {
    // The series of each pattern counts the seconds in which phases played it.
    let keys = series(named: "messages.wanted").map(\.key)
    guard !keys.isEmpty else { return true }
    let wanted = parts(of: span).reduce(0) { sum, part in
      sum + (keys.map { gain(of: $0, in: [part]) }.max() ?? 0)
    }
    return wanted >= (span.upperBound - span.lowerBound) * (1 - Self.slack)
  }

  /// A stretch cut where phases end, as each plays other messages.
  func parts(of span: ClosedRange<Double>) -> [ClosedRange<Double>] {
    // Phases of merged shards overlap: no time counts twice.
    let parts = spans(of: phases).filter { $0.overlaps(span) }.map { $0.clamped(to: span) }
    return parts.isEmpty ? [span] : parts
  }
}

extension Metric {
  /// A gauge: how many there are, not how many there have been.
  fileprivate var isGauge: Bool { self == .connections || self == .accepted }
}

extension Threshold.Comparison {
  fileprivate var isUpperBound: Bool { self == .atMost || self == .less }
  fileprivate var isLowerBound: Bool { self == .atLeast || self == .more }
}
