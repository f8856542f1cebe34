import Plan
import Recording

/// What was gained a second in the single intervals of a run, from one sample to the next.
struct IntervalRates {
  private let recording: Recording

  init(_ recording: Recording) { self.recording = recording }

  /// While handshakes were wanted.
  func ofHandshakes(in phase: String?) -> [Double] {
    phases(phase).compactMap(recording.wanting).flatMap { rates(of: [.handshakes], in: $0) }
  }

  /// From the first interval of a phase that sent something to the last: what comes before and after
  /// is waiting.
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

  /// Samples at the bounds of a phase come moments apart: what is nearer than half of a usual
  /// interval is counted with the next, and at the end left out.
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
