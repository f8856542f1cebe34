import Recording

/// What a metric came to: a value in the metric's base unit, or why there is none.
enum Measurement: Equatable {
  case value(Double)
  case nothing(String)

  init(_ value: Double?, orElse reason: String) {
    self = value.map(Measurement.value) ?? .nothing(reason)
  }
}

extension Recording {
  /// A metric over one phase, or over the whole run.
  func measure(_ metric: Threshold.Metric, in phase: String?) -> Measurement {
    let begun = phases.filter { $0.started != nil && (phase == nil || $0.name == phase) }
    guard !begun.isEmpty else {
      return .nothing(phase.map { "the run never came to \($0)" } ?? "the run never began")
    }
    switch metric {
    case .connections: return .value(highest(.established, \.established, in: begun))
    case .accepted: return .value(highest(.accepted, \.accepted, in: begun))
    case .phantom: return .value(Double(begun.map(\.phantom).max() ?? 0))
    case .failures: return .value(Double(failureCount(in: phase)))
    case .failuresRate: return failureShare(in: phase, begun)
    case .connectRate: return connectRate(begun)
    case .connectP50: return latency(50, in: phase)
    case .connectP90: return latency(90, in: phase)
    case .connectP99: return latency(99, in: phase)
    case .connectP999: return latency(99.9, in: phase)
    case .connectMax:
      let highest = distribution(of: "connect", in: phase).maximum
      return Measurement(highest.map { Double($0) / 1e9 }, orElse: Self.noLatency)
    }
  }

  private static var noLatency: String { "no connect latency was measured" }

  private func latency(_ percentile: Double, in phase: String?) -> Measurement {
    let value = distribution(of: "connect", in: phase).percentile(percentile)
    return Measurement(value.map { Double($0) / 1e9 }, orElse: Self.noLatency)
  }

  /// The maximum of the phases: the workers' own, or a sample's where that is higher, as in a
  /// recording that was cut off before the phase could be summed up.
  private func highest(
    _ key: Series.Key, _ own: KeyPath<PhaseRecord, Int>, in phases: [PhaseRecord]
  ) -> Double {
    let points = series(key)?.points ?? []
    let sampled = phases.flatMap { phase in
      points.filter { interval(of: phase).contains($0.at) }.map(\.value)
    }
    return max(Double(phases.map { $0[keyPath: own] }.max() ?? 0), sampled.max() ?? 0)
  }

  private func failureCount(in phase: String?) -> Int {
    failures.filter { phase == nil || $0.phase == phase }.reduce(0) { $0 + $1.count }
  }

  private func failureShare(in phase: String?, _ begun: [PhaseRecord]) -> Measurement {
    guard let attempts = series(.attempts) else { return .nothing("no attempts were recorded") }
    let made = begun.reduce(0) { made, phase in
      let interval = interval(of: phase)
      return made + attempts.level(at: interval.upperBound, orNext: true)
        - attempts.level(at: interval.lowerBound)
    }
    guard made > 0 else { return .nothing("no connection was attempted") }
    return .value(Double(failureCount(in: phase)) / made)
  }

  /// Connections established by the ramps, over the time that the ramps took.
  private func connectRate(_ begun: [PhaseRecord]) -> Measurement {
    let ramps = begun.filter { $0.kind == "ramp" }
    guard !ramps.isEmpty else { return .nothing("only a ramp has a connect rate") }
    var established = 0.0
    var time = 0.0
    for ramp in ramps {
      let interval = interval(of: ramp)
      let before = series(.established)?.level(at: interval.lowerBound) ?? 0
      established += max(0, highest(.established, \.established, in: [ramp]) - before)
      time += interval.upperBound - interval.lowerBound
    }
    guard time > 0 else { return .nothing("the ramp took no time") }
    return .value(established / time)
  }

  /// From the start of a phase to its end, or to the end of a run that was cut off in it.
  private func interval(of phase: PhaseRecord) -> ClosedRange<Double> {
    let started = phase.started ?? 0
    return started...max(started, phase.ended ?? duration)
  }
}

extension Series {
  /// The last value at or before an instant; 0 before the first one.
  ///
  /// - Parameter orNext: takes the value after the instant where there is none before, so that a
  ///   phase shorter than the time between two samples has counted something.
  fileprivate func level(at instant: Double, orNext: Bool = false) -> Double {
    if let index = points.lastIndex(where: { $0.at <= instant }) { return points[index].value }
    return orNext ? points.first?.value ?? 0 : 0
  }
}
