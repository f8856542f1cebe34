package import Plan
package import Recording

/// The stretches of a run over which a threshold with `for` is measured.
///
/// Counters are known at samples only. So a stretch begins and ends at samples, or at the bounds of its phase, and
/// may be a little shorter or longer than the threshold's window. A rate is divided by the time that the stretch
/// really took. A stretch depends only on what comes before its end, so a run that is judged while it goes on has
/// the same stretches as its recording.
extension Recording {
  /// By which share a stretch may be shorter than the window: samples are seldom taken on time.
  private static let slack = 0.05

  /// Every stretch of the run, or of the threshold's phase, that is as long as the window: one for each sample that
  /// can be its end. Bounds are in seconds since the run started.
  func stretches(of threshold: Threshold, window: Duration) -> [ClosedRange<Double>] {
    let instants = sampleInstants
    return bounds(of: threshold).flatMap { bounds in
      instants.indices.compactMap {
        stretch(of: threshold, window / .seconds(1), endingAt: $0, of: instants, in: bounds)
      }
    }
  }

  /// The value that a threshold is compared with over the stretch that ends at the last sample. Nil where that
  /// stretch is shorter than the window, or its samples do not tell the value.
  package func lastMeasured(_ threshold: Threshold, window: Duration) -> Double? {
    let instants = sampleInstants
    guard let last = instants.indices.last else { return nil }
    let values = bounds(of: threshold).compactMap {
      stretch(of: threshold, window / .seconds(1), endingAt: last, of: instants, in: $0)
    }.compactMap { measure(threshold, in: $0) }
    return threshold.worst(of: values)
  }

  /// When the samples were taken, in seconds since the run started.
  var sampleInstants: [Double] { series(.established)?.points.map(\.at) ?? [] }

  /// The spans in which stretches may lie: the threshold's phase or the run, and for `connect.rate` only the time
  /// in which connections were wanted.
  private func bounds(of threshold: Threshold) -> [ClosedRange<Double>] {
    let phases = phases.filter { threshold.phase == nil || $0.name == threshold.phase }
    if threshold.metric == .connectRate { return phases.compactMap(wanting) }
    let spans = phases.compactMap(span)
    guard let first = spans.map(\.lowerBound).min(), let last = spans.map(\.upperBound).max() else {
      return []
    }
    return [first...last]
  }

  /// The stretch that ends at one of the samples; nil where it would be too short, or where the metric has no value
  /// in it.
  ///
  /// - Parameters:
  ///   - length: the threshold's window, in seconds.
  ///   - place: the index in `instants` of the sample.
  private func stretch(
    of threshold: Threshold, _ length: Double, endingAt place: Int, of instants: [Double],
    in bounds: ClosedRange<Double>
  ) -> ClosedRange<Double>? {
    let isConnectRate = threshold.metric == .connectRate
    let before = place > 0 ? instants[place - 1] : -.infinity
    // For `connect.rate` the sample may also be the first one after connections were wanted: the one before it
    // lacks the last handshakes. The stretch itself then ends with the time in which they were wanted.
    guard instants[place] > bounds.lowerBound,
      isConnectRate ? before < bounds.upperBound : instants[place] <= bounds.upperBound
    else { return nil }
    let end = min(instants[place], bounds.upperBound)
    guard end - bounds.lowerBound >= length * (1 - Self.slack) else { return nil }
    // A counter that rises too much in less than the window also rises too much in the window. A counter that
    // rises too little in more than the window also rises too little in the window. So for an upper bound a
    // stretch is at most as long as the window, and for a lower bound at least as long.
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

  /// Whether messages were wanted during the whole stretch, but for `slack`. A stretch in which they were wanted
  /// only at its begin or end has no rate.
  private func wantsMessages(throughout span: ClosedRange<Double>) -> Bool {
    // The series of each pattern counts the seconds in which phases played it.
    let keys = series(named: "messages.wanted").map(\.key)
    guard !keys.isEmpty else { return true }
    let wanted = parts(of: span).reduce(0) { sum, part in
      sum + (keys.map { gain(of: $0, in: [part]) }.max() ?? 0)
    }
    return wanted >= (span.upperBound - span.lowerBound) * (1 - Self.slack)
  }

  /// The parts of a stretch that lie in different phases, as each phase plays other messages; the stretch itself
  /// where it lies in no phase.
  func parts(of span: ClosedRange<Double>) -> [ClosedRange<Double>] {
    // Phases of merged shards overlap: no time counts twice.
    let parts = spans(of: phases).filter { $0.overlaps(span) }.map { $0.clamped(to: span) }
    return parts.isEmpty ? [span] : parts
  }
}

extension Metric {
  /// Whether the metric says how many connections there are, not how many there have been.
  fileprivate var isGauge: Bool { self == .connections || self == .accepted }
}

extension Threshold.Comparison {
  fileprivate var isUpperBound: Bool { self == .atMost || self == .less }
  fileprivate var isLowerBound: Bool { self == .atLeast || self == .more }
}
