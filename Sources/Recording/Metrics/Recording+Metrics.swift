extension Recording {
  /// What a phase reached, to be compared with its goal. For a phase without a goal, what the whole
  /// run reached.
  package func reached(in phase: String?) -> Reach {
    let reach = Reach(self, phase: phase)
    return phase == nil || reach.goal != nil ? reach : Reach(self, phase: nil)
  }

  /// Whether the run had the built-in server: against someone else's it has no server worker. True
  /// also where no workers are listed.
  package var hasOwnServer: Bool { workers.isEmpty || workers.contains { $0.end == .server } }

  /// Whether the recording has the server's own count of the run's connections. That takes the built-in
  /// server, and it has to tell the run's connections from others. It cannot where no connection reaches it
  /// from the clients' source addresses, as through NAT.
  package var hasServerCount: Bool { hasServerCount(in: phases) }

  func hasServerCount(in phases: [PhaseRecord]) -> Bool {
    let standing = phasesWithConnections(among: phases)
    guard hasOwnServer, !standing.contains(where: \.leavesAcceptedUnknown) else { return false }
    return isPositive(.accepted) || !isPositive(.others) || !isPositive(.established)
  }

  private func isPositive(_ key: Series.Key) -> Bool { (series(key)?.maximum ?? 0) > 0 }

  /// Whether it is known what the server end accepted in these phases: the built-in server has counted, or
  /// the kernel was asked in the phase with the most connections.
  ///
  /// A phase in which the kernel was asked has `accepted` or `phantom` above 0, since a server that accepts
  /// nothing leaves phantoms. Where no connections stood in these phases, those of the whole run decide.
  package func knowsAccepted(in phases: [PhaseRecord]) -> Bool {
    guard !hasServerCount(in: phases) else { return true }
    let standing = phasesWithConnections(among: phases)
    let most = (phases + standing).map(\.established).max()
    return standing.contains { $0.established == most && ($0.accepted > 0 || $0.phantom > 0) }
  }

  package var knowsAccepted: Bool { knowsAccepted(in: phases) }

  /// Those of the phases in which connections stood, so that what was accepted ought to be known;
  /// where there is none, those of the whole run; where there is none either, all phases.
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

  /// Connections that stood at both ends in a phase, so without phantoms: at the end of a ramp or a
  /// hold, what a search found, and the most at once in other phases.
  package func held(in phase: PhaseRecord) -> Int {
    // Before format 1.3 no promise was recorded, and the last sample of a ramp may lie before its
    // end: then the most counts.
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

  /// The maximum of these phases: the one that the coordinator noted in their records, or a sample's
  /// where that is higher, as in a recording that was cut off before the phase could be summed up.
  ///
  /// - Parameter isWhole: takes the samples of the whole run, also those between the phases.
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
    return max(recorded.total, summed.total, count(counted))
  }

  /// Attempts in these phases; nil when nothing counted them.
  func attempts(in phases: [PhaseRecord]) -> Int? {
    series(.attempts) == nil ? nil : count(gain(of: .attempts, in: spans(of: phases)))
  }

  /// Handshakes begun anew in these phases; 0 in a recording from before there were retries.
  func retries(in phases: [PhaseRecord]) -> Int {
    series(.retries) == nil ? 0 : count(gain(of: .retries, in: spans(of: phases)))
  }

  /// How far the prediction was from what was held in the first phase that met a limit, as a share
  /// of the latter. Nil where no phase met a limit, nothing was held in it, or nothing was
  /// predicted.
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
  private func count(_ value: Double) -> Int { Int(saturating: min(max(0, value), 0x1p53)) }

  /// The intervals, of all latencies, that ended after the lower bound of a stretch and not after
  /// its upper one. They are in the order of their ends.
  package func distributions(
    endingIn span: ClosedRange<Double>
  ) -> ArraySlice<DistributionRecord> {
    let first = distributions.place { $0.to > span.lowerBound }
    return distributions[first..<max(first, distributions.place { $0.to > span.upperBound })]
  }

  /// The spans of these phases, overlapping ones joined: phases of merged shards overlap in time.
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

  /// From the start of a phase to its end, or to the end of a run that was cut off in it; nil when
  /// it never began.
  package func span(of phase: PhaseRecord) -> ClosedRange<Double>? {
    phase.started.map { $0...max($0, phase.ended ?? duration) }
  }
}

extension PhaseRecord {
  /// Whether connections stood, and nobody knows what became of them at the server end.
  fileprivate var leavesAcceptedUnknown: Bool {
    ended != nil && established > 0 && accepted == 0 && phantom == 0 && !kind.comesAndGoes
      && !kind.closes
  }
}
