extension Recording {
  /// What a phase reached, to be compared with its goal. For nil, and for a phase without a goal, what the whole run
  /// reached.
  package func reached(in phase: String?) -> Reach {
    let reach = Reach(self, phase: phase)
    return phase == nil || reach.goal != nil ? reach : Reach(self, phase: nil)
  }

  /// Whether the run had the built-in server. A run against someone else's server has no server worker. True also where
  /// the recording lists no workers.
  package var hasOwnServer: Bool { workers.isEmpty || workers.contains { $0.end == .server } }

  /// Whether the recording has the server's own count of the run's connections. Only the built-in server counts them,
  /// and only where it can tell them from other connections. It cannot where no connection reaches it from the clients'
  /// source addresses, as behind NAT.
  package var hasServerCount: Bool { hasServerCount(in: phases) }

  func hasServerCount(in phases: [PhaseRecord]) -> Bool {
    let standing = phasesWithConnections(among: phases)
    guard hasOwnServer, !standing.contains(where: \.leavesAcceptedUnknown) else { return false }
    return isPositive(.accepted) || !isPositive(.others) || !isPositive(.established)
  }

  private func isPositive(_ key: Series.Key) -> Bool { (series(key)?.maximum ?? 0) > 0 }

  /// Whether it is known what the server end accepted in these phases: the built-in server has counted it, or the
  /// coordinator has asked the server's kernel in the phase with the most connections.
  ///
  /// A phase in which it asked the kernel has `accepted` or `phantom` above 0, since a server that accepts nothing
  /// leaves phantoms. Where no connections stood in these phases, the phases of the whole run decide.
  package func knowsAccepted(in phases: [PhaseRecord]) -> Bool {
    guard !hasServerCount(in: phases) else { return true }
    let standing = phasesWithConnections(among: phases)
    let most = (phases + standing).map(\.established).max()
    return standing.contains { $0.established == most && ($0.accepted > 0 || $0.phantom > 0) }
  }

  package var knowsAccepted: Bool { knowsAccepted(in: phases) }

  /// Those of the phases in which connections stood, so that what was accepted ought to be known. Where there is none
  /// among `phases`, those of the whole run; where the whole run has none, all phases.
  private func phasesWithConnections(among phases: [PhaseRecord]) -> [PhaseRecord] {
    func standing(_ phases: [PhaseRecord]) -> [PhaseRecord] {
      phases.filter {
        let stands = $0.kind.keeps || $0.kind.addsConnections
        return $0.established > 0 && (stands || $0.accepted > 0 || $0.phantom > 0)
      }
    }
    let some = standing(phases)
    guard some.isEmpty else { return some }
    let all = standing(self.phases)
    return all.isEmpty ? self.phases : all
  }

  /// The prediction's term that binds: the predicted limit.
  package var predicted: PredictionTerm? { prediction.binding }

  /// Connections that stood at both ends in a phase, so without phantoms. For a ramp or a hold those at its end, for a
  /// search the number that it found, for other phases the most at once.
  package func held(in phase: PhaseRecord) -> Int {
    // Without a promise, as before format 1.3, the number at the end of a ramp or a hold is not known: its last sample
    // may lie before its end. Then the most at once counts.
    phase.stood ?? mostHeld(in: phase)
  }

  private func mostHeld(in phase: PhaseRecord) -> Int {
    phase.held(
      established: most(\.established, .established, of: [phase]),
      accepted: most(\.accepted, .accepted, of: [phase]))
  }

  /// The lowest value that any sample of these phases shows; nil where no sample is in them.
  func fewest(_ key: Series.Key, in phases: [PhaseRecord]) -> Int? {
    spans(of: phases).compactMap { series(key)?.minimum(in: $0) }.min().map(count)
  }

  /// The highest number of these phases: the one that the coordinator noted in their records, or that of a sample where
  /// it is higher, as in a recording that was cut off before the coordinator had noted the phase's maximum.
  ///
  /// - Parameters:
  ///   - noted: the property of a phase that has the coordinator's number.
  ///   - key: the series of the same quantity.
  ///   - isWhole: takes the samples of the whole run, even those between the phases.
  func most(
    _ noted: KeyPath<PhaseRecord, Int>, _ key: Series.Key, of phases: [PhaseRecord],
    isWhole: Bool = false
  ) -> Int {
    let series = series(key)
    let sampled =
      isWhole ? series?.maximum : spans(of: phases).compactMap { series?.maximum(in: $0) }.max()
    return max(phases.map { $0[keyPath: noted] }.max() ?? 0, count(sampled ?? 0))
  }

  /// Failures in a phase, or in the whole run: the highest number that the records, the phases or the samples have, as
  /// each may lack some in a recording that was cut off.
  func failureCount(in phase: String?) -> Int {
    let recorded = failures.filter { phase == nil || $0.phase == phase }.map(\.count)
    let summed = phases.filter { phase == nil || $0.name == phase }.map(\.failures)
    let counted = phase == nil ? series(.failures)?.maximum ?? 0 : 0
    return max(recorded.total, summed.total, count(counted))
  }

  /// Connections begun in these phases; nil where the recording has no count of them.
  func attempts(in phases: [PhaseRecord]) -> Int? {
    series(.attempts) == nil ? nil : count(gain(of: .attempts, in: spans(of: phases)))
  }

  /// Handshakes begun anew in these phases; 0 in a recording of a program that did not know retries yet.
  func retries(in phases: [PhaseRecord]) -> Int {
    series(.retries) == nil ? 0 : count(gain(of: .retries, in: spans(of: phases)))
  }

  /// Connections that came back in these phases; nil where none did in the run.
  func reconnected(in phases: [PhaseRecord]) -> Int? {
    series(.reconnected).map { series in
      // The series begins when the first connection has been lost.
      spans(of: phases).reduce(0) { sum, span in
        let last = series.points.last { $0.at <= span.upperBound }?.value ?? 0
        let before = series.points.last { $0.at <= span.lowerBound }?.value ?? 0
        return sum + count(last - before)
      }
    }
  }

  /// The share of TLS's handshakes in these spans that resumed a session; nil where none finished.
  package func resumedShare(in spans: [ClosedRange<Double>]) -> Double? {
    let secured = gain(of: .secured, in: spans)
    return secured > 0 ? min(1, gain(of: .resumed, in: spans) / secured) : nil
  }

  /// How far the prediction was from what the first phase that met a limit held, or found, as a share of the latter.
  /// Nil where no phase met a limit, where that phase held nothing, or where nothing was predicted.
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

  /// A value as an integer, not below 0 and not above 2^53: a damaged recording may have others.
  private func count(_ value: Double) -> Int { Int(saturating: min(max(0, value), 0x1p53)) }

  /// The intervals, of all latencies, that ended after the lower bound of a stretch and not after its upper bound. They
  /// are in the order of their ends.
  package func distributions(
    endingIn span: ClosedRange<Double>
  ) -> ArraySlice<DistributionRecord> {
    let first = distributions.place { $0.to > span.lowerBound }
    return distributions[first..<max(first, distributions.place { $0.to > span.upperBound })]
  }

  /// The spans of these phases in the order of time. Overlapping ones are joined, because phases of merged shards may
  /// overlap.
  package func spans(of phases: [PhaseRecord]) -> [ClosedRange<Double>] {
    var spans: [ClosedRange<Double>] = []
    for span in phases.compactMap(span).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = spans.last, span.lowerBound < last.upperBound {
        spans[spans.count - 1] = last.lowerBound...max(last.upperBound, span.upperBound)
      } else {
        spans.append(span)
      }
    }
    return spans
  }

  /// From the start of a phase to its end, or to the recording's end where the phase has not ended. Nil for a phase
  /// that never began.
  package func span(of phase: PhaseRecord) -> ClosedRange<Double>? {
    phase.started.map { $0...max($0, phase.ended ?? duration) }
  }
}

extension PhaseRecord {
  /// Whether the phase has ended and connections stood in it, but its record does not tell how many the server end had
  /// accepted.
  fileprivate var leavesAcceptedUnknown: Bool {
    ended != nil && established > 0 && accepted == 0 && phantom == 0 && !kind.comesAndGoes
      && !kind.closes
  }
}
