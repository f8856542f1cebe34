/// `connect.rate`, of a run, a phase or a stretch of either: the handshakes, divided by the time in which they were
/// wanted. docs/plan-language.md explains it to users.
extension Recording {
  /// Handshakes per second in the ramps and churns among these phases. Nil where there is no ramp and no churn, where
  /// none of them took any time, and where the recording has no count of handshakes.
  func connectRate(of phases: [PhaseRecord]) -> Double? {
    guard let handshakes = series(.handshakes) else { return nil }
    var gained = 0.0
    var elapsed = 0.0
    for phase in phases {
      guard let span = gaining(in: phase, handshakes) else { continue }
      let gain = handshakes.gainToNextSample(in: span)
      gained += gain
      // At the planned rate n arrivals are to take n/rate seconds. The stretch is shorter, because only n - 1
      // intervals lie between the first and the last arrival. Without the second argument a phase that keeps its pace
      // would seem faster than planned.
      elapsed += max(span.upperBound - span.lowerBound, phase.plannedRate.map { gain / $0 } ?? 0)
    }
    return elapsed > 0 ? gained / elapsed : nil
  }

  /// When connections were wanted in a ramp or a churn: from its start until `openedUntil`, but no longer than the
  /// phase has lasted so far. The whole phase where `openedUntil` is nil. Nil for other phases, and for one that never
  /// began.
  ///
  /// The bounds never depend on what comes later. So a run that goes on and its recording are judged over the same
  /// stretches.
  package func wanting(in phase: PhaseRecord) -> ClosedRange<Double>? {
    guard phase.kind.hasConnectRate, let span = span(of: phase) else { return nil }
    let until = min(phase.openedUntil ?? span.upperBound, span.upperBound)
    return span.lowerBound...max(span.lowerBound, until)
  }

  /// The stretch of a phase over which its rate is measured. It is that of `wanting` where the phase has a pace and an
  /// `openedUntil`, and is done or still goes on. In any other phase it ends with the sample that shows the last
  /// handshake, if that comes first. After that the phase only waited for handshakes that never came.
  private func gaining(in phase: PhaseRecord, _ handshakes: Series) -> ClosedRange<Double>? {
    guard let span = span(of: phase), let wanting = wanting(in: phase) else { return nil }
    let hasPaceAndEnd = phase.plannedRate != nil && phase.openedUntil != nil
    if hasPaceAndEnd, phase.outcome == .done || phase.ended == nil { return wanting }
    let most = handshakes.level(at: span.upperBound)
    guard most > handshakes.level(at: span.lowerBound),
      let last = handshakes.first(in: span, atLeast: most)
    else { return wanting }
    return span.lowerBound...min(last, wanting.upperBound)
  }
}

extension Series {
  /// What a counter rose by from the start of a span to the first sample at or after the span's end, which is the first
  /// one to show all that had happened by that end. To the highest value where there is no such sample.
  package func gainToNextSample(in span: ClosedRange<Double>) -> Double {
    let after = points[points.place { $0.at >= span.upperBound }...].first(where: \.value.isFinite)
    return max(0, (after?.value ?? maximum ?? 0) - level(at: span.lowerBound))
  }
}
