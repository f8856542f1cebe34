import Plan
import Recording

/// Rates per second in each interval of a run, from one sample to the next.
struct IntervalRates {
  private let recording: Recording

  init(_ recording: Recording) { self.recording = recording }

  /// The rates of finished handshakes, in the intervals in which the phases wanted connections.
  func ofHandshakes(in phase: String?) -> [Double] {
    phases(phase).compactMap(recording.wanting).flatMap { rates(of: [.handshakes], in: $0) }
  }

  /// The rates of messages sent: in each phase, from the first interval in which something was sent to
  /// the last one. Before and after these the phase only waits.
  func ofMessages(in phase: String?) -> [Double] {
    let sent = recording.series(named: MessageOutcome.sent.seriesName).map(\.key)
    return phases(phase).compactMap(recording.span).flatMap { span in
      let rates = rates(of: sent, in: span)
      guard let first = rates.firstIndex(where: { $0 > 0 }),
        let last = rates.lastIndex(where: { $0 > 0 })
      else { return [Double]() }
      return Array(rates[first...last])
    }
  }

  private func phases(_ name: String?) -> [PhaseRecord] {
    recording.phases.filter { name == nil || $0.name == name }
  }

  /// How fast the sum of these counters rose in each interval of a span, per second.
  ///
  /// At the bounds of a phase two samples may be only moments apart. An interval shorter than half the median is
  /// therefore joined with the next one, and left out where none follows.
  private func rates(of keys: [Series.Key], in span: ClosedRange<Double>) -> [Double] {
    guard let series = keys.first.flatMap(recording.series) else { return [] }
    let instants =
      [span.lowerBound]
      + series.points.map(\.at).filter {
        $0 > span.lowerBound
          && $0 <= span.upperBound
      }
    let steps = zip(instants.dropFirst(), instants).map { $0 - $1 }.sorted()
    guard !steps.isEmpty else { return [] }
    let least = max(steps[steps.count / 2] / 2, 1e-9)
    var rates: [Double] = []
    var from = span.lowerBound
    for to in instants.dropFirst() where to - from >= least {
      let gained = keys.reduce(0) { $0 + recording.gain(of: $1, in: [from...to]) }
      rates.append(gained / (to - from))
      from = to
    }
    return rates
  }
}
