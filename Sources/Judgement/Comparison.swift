import Plan
package import Recording

/// Two runs side by side, from their recordings alone.
package struct Comparison: Sendable, Equatable {
  package enum Verdict: String, Sendable {
    case same, better, worse
    /// The values are further apart than the tolerance, but no further than chance may put them.
    case withinNoise = "within noise"
    /// The figure rests on so little data that chance alone may have made the difference.
    case tooFew = "too few to judge"
    /// The figure is only shown: it is a maximum, or a phase's figure that equals the whole run's, or the runs
    /// had different speeds.
    case notJudged = "not judged"
    /// One side has no value.
    case unknown = "–"
  }

  /// One figure of both runs.
  package struct Figure: Sendable, Equatable {
    package let metric: Metric
    /// Nil for the whole run.
    package let phase: String?
    package let base: Double?
    package let new: Double?
    /// How far apart the values may be and still count as the same, as a share of the base.
    package let tolerance: Double
    /// How far apart the two values may be by chance, in the metric's own unit. Nil where chance has no part:
    /// both values are exact, or the base is an exact zero. Nil also where one side has no value, and where the
    /// figure is not judged.
    let distance: Double?
    /// Why the figure is not judged; nil where it is.
    let exemption: Verdict?

    /// The largest loss that noise excuses in a metric with `noiseIsCapped`, as a share of the base.
    private static let noiseCap = 0.5

    /// By how much the new value is above the base, in the metric's own unit; nil where one side has no value.
    package var difference: Double? {
      guard let base, let new else { return nil }
      return new - base
    }

    /// The difference as a share of the base; nil also where the base is zero and the other is not.
    package var relative: Double? {
      guard let base, let difference else { return nil }
      if difference == 0 { return 0 }
      return base == 0 ? nil : difference / abs(base)
    }

    /// `distance` as a share of the base; nil also where the base is zero.
    package var noise: Double? {
      guard let base, let distance, base != 0 else { return nil }
      return distance / abs(base)
    }

    package var verdict: Verdict {
      guard let difference else { return .unknown }
      if let exemption { return exemption }
      let relative = abs(relative ?? .infinity)
      if relative <= tolerance { return .same }
      if base == 0, let distance, abs(difference) <= distance { return .withinNoise }
      let isLess = difference < 0
      let excused = metric.noiseIsCapped && isLess ? min(noise ?? 0, Self.noiseCap) : noise ?? 0
      if relative <= excused { return .withinNoise }
      return (difference > 0) == (metric.traits.tolerance?.better == .more) ? .better : .worse
    }
  }

  /// Figures of the whole run first, then phase by phase; without those that neither run has.
  package let figures: [Figure]
  package let limits: [LimitChange]
  /// Facts of the host that are not the same, the program's version among them.
  package let host: [FactChange]
  package let plan: PlanChange
  /// What a reader must know of the runs themselves, for example that one was cut off.
  package let notes: [String]

  /// - Parameter tolerances: the tolerances that replace a metric's own, as shares of the base.
  package init(
    base: Recording, new: Recording, tolerances: [Metric: Double] = [:]
  ) {
    let runs = (base: RunEvidence(base), new: RunEvidence(new))
    let isOtherSpeed = base.speed != new.speed
    let names = base.phases.map(\.name)
    let phases = names + new.phases.map(\.name).filter { !names.contains($0) }
    let compared = Metric.compared(
      asked: Array(tolerances.keys) + (base.thresholds + new.thresholds).compactMap(\.metric))
    var whole: [Metric: (Double?, Double?)] = [:]
    var figures: [Figure] = []
    for phase in [nil] + phases {
      let metrics = (Metrics(base, phase: phase), Metrics(new, phase: phase))
      for metric in compared {
        let values = (metrics.0.value(of: metric), metrics.1.value(of: metric))
        guard values.0 != nil || values.1 != nil else { continue }
        // A phase's figure that equals the whole run's is judged only as the run's.
        let isRepeated = phase != nil && whole[metric].map { $0 == values } == true
        if phase == nil { whole[metric] = values }
        figures.append(
          Figure(
            metric, phase, values, runs,
            tolerances[metric] ?? metric.traits.tolerance?.share ?? 0,
            isExempt: isOtherSpeed || isRepeated))
      }
    }
    self.figures = figures
    limits = isOtherSpeed ? [] : LimitChange.all(base, new)
    host = FactChange.all(base, new)
    plan = PlanChange(base: base.comparedPlan, new: new.comparedPlan)
    notes = Self.notes(base.masked(), new.masked())
  }

  /// Whether anything got worse.
  package var isRegression: Bool {
    figures.contains { $0.verdict == .worse } || limits.contains { $0.verdict == .worse }
  }

  package var exitCode: Int32 { isRegression ? ExitStatus.thresholdFailed : ExitStatus.passed }

  /// The figure of the whole run; nil where neither run has it.
  package func figure(_ metric: Metric) -> Figure? {
    figures.first { $0.metric == metric && $0.phase == nil }
  }

  private static func notes(_ base: Recording, _ new: Recording) -> [String] {
    var notes: [String] = []
    if base.planName != new.planName {
      notes.append("the plans have different names: \(base.planName) and \(new.planName)")
    }
    if base.speed != new.speed {
      let speeds = [base, new].map { "\(Format.short($0.speed, 3))" }
      notes.append(
        "base was driven at speed \(speeds[0]), new at \(speeds[1]): nothing is judged")
    }
    for (side, recording) in [("base", base), ("new", new)] {
      if !recording.complete {
        let end = Format.duration(seconds: recording.duration)
        notes.append("\(side) is incomplete: its run was cut off after \(end)")
      }
      if recording.interrupted { notes.append("\(side) was interrupted") }
      if let fault = recording.fault { notes.append("\(side) has a fault: \(fault)") }
    }
    return notes
  }
}

extension Comparison.Figure {
  fileprivate init(
    _ metric: Metric, _ phase: String?, _ values: (base: Double?, new: Double?),
    _ runs: (base: RunEvidence, new: RunEvidence), _ tolerance: Double, isExempt: Bool
  ) {
    var distance: Double?
    var exemption: Comparison.Verdict? = isExempt ? .notJudged : nil
    if !isExempt, let base = values.base, let new = values.new {
      let ofBase = runs.base.evidence(of: metric, base, in: phase)
      let ofNew = runs.new.evidence(of: metric, new, in: phase)
      if ofBase == .never || ofNew == .never {
        exemption = .notJudged
      } else if ofBase == .tooFew || ofNew == .tooFew {
        exemption = .tooFew
      }
      distance = Evidence.noise(base: (base, ofBase), new: (new, ofNew))
    }
    self.init(
      metric: metric, phase: phase, base: values.base, new: values.new, tolerance: tolerance,
      distance: distance, exemption: exemption)
  }
}

extension Recording {
  /// The speed of a replay, 2 for twice as fast; 1 for a run that was no replay.
  fileprivate var speed: Double { replay?.speed ?? 1 }
}
