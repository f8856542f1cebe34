extension Recording {
  /// What was reached in a phase, to be held against its goal. A phase without one only keeps or
  /// closes what the others opened, so then it is what the whole run reached.
  package func reached(in phase: String?) -> Metrics {
    let metrics = Metrics(self, phase: phase)
    return phase == nil || metrics.goal != nil ? metrics : Metrics(self)
  }

  /// Whether the server end was ours, so that its connections were counted: a run against someone
  /// else's has no worker there.
  package var countsServer: Bool { workers.isEmpty || workers.contains { $0.end == .server } }

  /// The prediction's term that binds: the predicted limit.
  package var predicted: PredictionTerm? { prediction.binding }

  /// Connections that stood at both ends in a phase: a phantom counts for nothing.
  package func held(in phase: PhaseRecord) -> Int {
    max(0, most(\.established, .established, of: [phase]) - phase.phantom)
  }

  /// The maximum of these phases: the coordinator's own, or a sample's where that is higher, as in
  /// a recording that was cut off before the phase could be summed up.
  func most(
    _ own: KeyPath<PhaseRecord, Int>, _ key: Series.Key, of phases: [PhaseRecord],
    isWhole: Bool = false
  ) -> Int {
    let series = series(key)
    let sampled =
      isWhole ? series?.maximum : spans(of: phases).compactMap { series?.maximum(in: $0) }.max()
    return max(phases.map { $0[keyPath: own] }.max() ?? 0, count(sampled ?? 0))
  }

  func failureCount(in phase: String?) -> Int {
    let recorded = failures.filter { phase == nil || $0.phase == phase }.map(\.count)
    let summed = phases.filter { phase == nil || $0.name == phase }.map(\.failures)
    let counted = phase == nil ? series(.failures)?.maximum ?? 0 : 0
    return max(recorded.reduce(0, +), summed.reduce(0, +), count(counted))
  }

  /// Attempts in these phases; nil when nothing counted them.
  func attempts(in phases: [PhaseRecord]) -> Int? {
    series(.attempts) == nil ? nil : count(gain(of: .attempts, in: spans(of: phases)))
  }

  /// Handshakes begun anew in these phases; none in a recording of before they were.
  func retries(in phases: [PhaseRecord]) -> Int {
    series(.retries) == nil ? 0 : count(gain(of: .retries, in: spans(of: phases)))
  }

  /// Connections gained by the ramps and churns among these phases, over the time that it took to
  /// gain them; nil when there is none of either, or none that took time.
  ///
  /// A ramp gains until its limit was first met, or until the samples first show the most that it
  /// held, whichever came first; what follows is settling, not connecting. Where no sample shows
  /// the most, it gains until its end. A ramp that gained nothing counts with all of its time.
  func connectRate(of phases: [PhaseRecord]) -> Double? {
    var gained = 0.0
    var elapsed = 0.0
    for phase in phases where phase.kind == .churn {
      guard let span = span(of: phase) else { continue }
      let churn = churned(in: span)
      gained += churn.gained
      elapsed += churn.elapsed
    }
    for ramp in phases where ramp.kind == .ramp {
      guard let span = span(of: ramp) else { continue }
      let before = series(.established)?.level(at: span.lowerBound) ?? 0
      var most = Double(most(\.established, .established, of: [ramp]))
      var last = series(.established)?.first(in: span, atLeast: most) ?? span.upperBound
      let limit = limits.filter { $0.phase == ramp.name && $0.firstInstant > span.lowerBound }
        .min { $0.firstInstant < $1.firstInstant }
      if let limit, limit.firstInstant < last, Double(limit.established) > before {
        most = Double(limit.established)
        last = limit.firstInstant
      }
      gained += max(0, most - before)
      elapsed += (most > before ? last : span.upperBound) - span.lowerBound
    }
    return elapsed > 0 ? gained / elapsed : nil
  }

  /// New connections of a churn for as long as it made any.
  private func churned(in span: ClosedRange<Double>) -> (gained: Double, elapsed: Double) {
    guard let handshakes = series(.handshakes) else { return (0, 0) }
    let most = handshakes.level(at: span.upperBound)
    let last = handshakes.first(in: span, atLeast: most) ?? span.upperBound
    return (most - handshakes.level(at: span.lowerBound), last - span.lowerBound)
  }

  /// Nil in a phase that no limit ended, and where nothing was predicted.
  func predictionError(in name: String?) -> Double? {
    guard let predicted = predicted?.connections,
      let phase = phases.first(where: { phase in
        (name == nil || phase.name == name) && limits.contains { $0.phase == phase.name }
      })
    else { return nil }
    let reached = phase.ceiling ?? held(in: phase)
    return reached > 0 ? abs(Double(predicted - reached)) / Double(reached) : nil
  }

  /// Bytes of private memory of all workers; nil when none was measured.
  var privateBytes: Double? {
    let measured = workers.compactMap(\.privateBytes)
    return measured.isEmpty ? nil : measured.reduce(0) { $0 + Double($1) }
  }

  /// Seconds of user time of all workers; nil until all of them have ended.
  var userTime: Double? {
    guard !workers.isEmpty, workers.allSatisfy({ $0.exitCode != nil || $0.signal != nil }) else {
      return nil
    }
    return workers.reduce(0) { $0 + $1.userTime }
  }

  /// No count is beyond 2^53, but a damaged recording may say so.
  private func count(_ value: Double) -> Int { Int(min(max(0, value), 0x1p53)) }

  func spans(of phases: [PhaseRecord]) -> [ClosedRange<Double>] {
    phases.compactMap(span)
  }

  /// From the start of a phase to its end, or to the end of a run that was cut off in it; nil when
  /// it never began.
  package func span(of phase: PhaseRecord) -> ClosedRange<Double>? {
    phase.started.map { $0...max($0, phase.ended ?? duration) }
  }
}

extension Series {
  /// The highest value.
  package var maximum: Double? { points.lazy.map(\.value).filter(\.isFinite).max() }

  package func maximum(in span: ClosedRange<Double>) -> Double? {
    points.lazy.filter { span.contains($0.at) && $0.value.isFinite }.map(\.value).max()
  }

  /// The last value at or before an instant; 0 before the first one.
  ///
  /// - Parameter orNext: takes the value after the instant where there is none before, so that a
  ///   phase shorter than the time between two samples has counted something.
  package func level(at instant: Double, orNext: Bool = false) -> Double {
    let finite = points.lazy.filter(\.value.isFinite)
    if let point = finite.last(where: { $0.at <= instant }) { return point.value }
    return orNext ? finite.first?.value ?? 0 : 0
  }

  /// The first instant of a span at which the value is at least this.
  func first(in span: ClosedRange<Double>, atLeast value: Double) -> Double? {
    points.first { span.contains($0.at) && $0.value >= value }?.at
  }
}
