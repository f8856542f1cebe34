package import Recording

/// Two runs side by side, from their recordings alone.
package struct Comparison: Sendable, Equatable {
  package enum Verdict: String, Sendable {
    case same, better, worse
    /// Further apart than the tolerance, but no further than the runs' own intervals are.
    case withinNoise = "within noise"
    /// One side has no value.
    case unknown = "–"
  }

  /// One figure of both runs.
  package struct Figure: Sendable, Equatable {
    package let metric: ComparedMetric
    /// Nil for the whole run.
    package let phase: String?
    package let base: Double?
    package let new: Double?
    /// As a share of the base.
    package let tolerance: Double
    /// The larger of the two runs' spreads from interval to interval; nil where it is not known.
    package let noise: Double?

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

    package var verdict: Verdict {
      guard let difference else { return .unknown }
      let relative = abs(relative ?? .infinity)
      if relative <= tolerance { return .same }
      if let noise, relative <= noise { return .withinNoise }
      return (difference > 0) == (metric.better == .more) ? .better : .worse
    }
  }

  /// The whole run first, then phase by phase; what neither run has is left out.
  package let figures: [Figure]
  package let limits: [LimitChange]
  /// Facts of the host, and the program's version, that are not the same.
  package let host: [FactChange]
  package let plan: PlanChange
  /// What a reader must know of the runs themselves: one was cut off, or the plans have two names.
  package let notes: [String]

  /// - Parameter tolerances: those that are not the default.
  package init(
    base: Recording, new: Recording, tolerances: [ComparedMetric: Double] = [:]
  ) {
    let spreads = (Spread(base), Spread(new))
    let names = base.phases.map(\.name)
    let phases = names + new.phases.map(\.name).filter { !names.contains($0) }
    let parts: [String?] = [nil] + phases
    figures = parts.flatMap { phase in
      let metrics = (Metrics(base, phase: phase), Metrics(new, phase: phase))
      return ComparedMetric.allCases.compactMap { metric -> Figure? in
        let values = (metric.value(in: metrics.0), metric.value(in: metrics.1))
        guard values.0 != nil || values.1 != nil else { return nil }
        let noise = [spreads.0(of: metric, in: phase), spreads.1(of: metric, in: phase)]
        return Figure(
          metric: metric, phase: phase, base: values.0, new: values.1,
          tolerance: tolerances[metric] ?? metric.defaultTolerance,
          noise: noise.compactMap(\.self).max())
      }
    }
    limits = LimitChange.all(base, new)
    host = FactChange.all(base, new)
    plan = PlanChange(base: base.effectivePlan, new: new.effectivePlan)
    notes = Self.notes(base, new)
  }

  /// Whether anything got worse.
  package var isRegression: Bool {
    figures.contains { $0.verdict == .worse } || limits.contains { $0.verdict == .worse }
  }

  package var exitCode: Int32 { isRegression ? ExitStatus.thresholdFailed : ExitStatus.passed }

  /// The figure of the whole run; nil where neither run has it.
  package func figure(_ metric: ComparedMetric) -> Figure? {
    figures.first { $0.metric == metric && $0.phase == nil }
  }

  private static func notes(_ base: Recording, _ new: Recording) -> [String] {
    var notes: [String] = []
    if base.planName != new.planName {
      notes.append("the plans have different names: \(base.planName) and \(new.planName)")
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
