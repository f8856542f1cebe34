import Judgement
import Plan
import Recording

/// What the run has recorded so far, in memory, for conditions that decide while it goes on.
struct LiveRecording {
  private(set) var recording: Recording
  private var places: [Series.Key: Int] = [:]
  /// The distributions of the run so far, merged to one per latency and phase. Conditions on a whole phase or run
  /// are judged by these, since a run may have a million intervals between samples.
  private var wholes: [DistributionRecord] = []

  /// The distributions of intervals are kept from this instant on, in seconds since the run began; those of the
  /// longest window are kept in any case. A run may have a million intervals.
  var keepFrom = Double.infinity
  /// Seconds: twice the longest window of a condition, or twice the time between two samples where that is longer. A
  /// stretch begins at a sample, so it may be longer than its window.
  private let kept: Double

  /// - Parameter longestWindow: of the plan's conditions; at least the time between two samples.
  init(planName: String, longestWindow: Duration) {
    recording = Recording(planName: planName)
    kept = 2 * (longestWindow / .seconds(1))
  }

  init(_ plan: Plan) {
    self.init(
      planName: plan.name,
      longestWindow: plan.thresholds.compactMap(\.window).reduce(plan.sampling.every) {
        max($0, $1)
      })
  }

  mutating func append(_ sample: Sample, state: RunState) {
    for reading in sample.readings {
      let point = Series.Point(at: sample.at, value: reading.value)
      if let place = places[reading.key] {
        recording.series[place].points.append(point)
      } else {
        places[reading.key] = recording.series.count
        recording.series.append(
          Series(key: reading.key, unit: reading.unit, kind: reading.kind, points: [point]))
      }
    }
    let oldest = min(keepFrom, sample.at - kept)
    let old = recording.distributions.prefix { $0.to < oldest }.count
    recording.distributions.removeFirst(old)
    recording.distributions += sample.distributions
    for record in sample.distributions { mergeIntoWholes(record) }
    recording.state = state
    recording.duration = sample.at
  }

  private mutating func mergeIntoWholes(_ record: DistributionRecord) {
    guard
      let place = wholes.firstIndex(where: {
        $0.latency == record.latency && $0.phase == record.phase
      })
    else { return wholes.append(record) }
    wholes[place].to = record.to
    wholes[place].distribution = Distribution(
      merging: [wholes[place].distribution, record.distribution])
  }

  /// The first of these conditions that has failed for good. When that is known depends on the condition:
  /// - over a window (`for`): as soon as it fails over one whole window;
  /// - an upper bound, or `==`, on a metric that only grows: as soon as the metric is above it;
  /// - any other condition on a phase: when the phase is over.
  ///
  /// - Parameters:
  ///   - phase: the current phase. Conditions on other phases are left out.
  ///   - phaseEnded: whether `phase` is over.
  func violated(
    of thresholds: [Threshold], in phase: String, phaseEnded: Bool
  ) -> Violation? {
    for threshold in thresholds where threshold.phase == nil || threshold.phase == phase {
      guard let value = value(of: threshold, in: phase, phaseEnded: phaseEnded),
        !threshold.comparison.holds(value, threshold.value)
      else { continue }
      return Violation(threshold: threshold, value: value)
    }
    return nil
  }

  /// A condition and the value that decided it. For `abort` the condition does not hold; for the `until` of a
  /// search it does.
  struct Violation {
    let threshold: Threshold
    let value: Double

    /// "failures.rate < 0.1% (measured 3%)"
    var text: String {
      "\(threshold.text) (measured \(threshold.metric.traits.quantity.text(value)))"
    }
  }

  /// The value to hold a condition against; nil as long as the condition cannot be decided for good.
  private func value(of threshold: Threshold, in phase: String, phaseEnded: Bool) -> Double? {
    if let window = threshold.window {
      return recording.lastMeasured(threshold, window: window)
    }
    let isWholePhase = phaseEnded && threshold.phase != nil
    guard isWholePhase || threshold.canBeLost else { return nil }
    var whole = recording
    whole.distributions = wholes
    let value = Metrics(whole, phase: threshold.phase).value(of: threshold)
    guard let value, isWholePhase || threshold.isLost(at: value) else { return nil }
    return value
  }
}
