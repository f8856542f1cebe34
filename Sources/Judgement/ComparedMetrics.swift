package import Plan
package import Recording

extension Metric {
  /// The metrics by which two runs are compared: those of `all` that have a tolerance, and the percentiles
  /// among `asked` that are not in `all`.
  ///
  /// - Parameter asked: the metrics for which the command line gives a tolerance, and those that a threshold of
  ///   either run is about.
  static func compared(asked: some Sequence<Metric>) -> [Metric] {
    let listed = all.filter { $0.traits.tolerance != nil }
    var compared = listed
    for metric in Set(asked).subtracting(listed) {
      guard metric.traits.tolerance != nil, case .percentile(let percentile, let latency) = metric
      else { continue }
      // The percentiles of one latency stand in rising order.
      let place = compared.firstIndex {
        if case .percentile(percentile..., of: latency) = $0 { true } else { false }
      }
      compared.insert(metric, at: place ?? compared.endIndex)
    }
    return compared
  }

  /// Whether noise excuses a loss only up to a cap (`noiseCap` of `Comparison.Figure`). These metrics are uneven
  /// from interval to interval, and cannot fall by more than 100%: without a cap, noise could excuse any loss.
  var noiseIsCapped: Bool { self == .connectRate || self == .messagesRate || self == .messagesSent }

  /// A value of this metric as people read it, with its unit.
  package func text(_ value: Double) -> String { traits.quantity.text(value) }
}

extension CommandLineValue {
  /// Reads a metric, and the share by which it may differ between two runs, as in `connect.p99=30%`.
  package static func tolerance(
    _ text: String
  ) throws(Wrong) -> (metric: Metric, share: Double) {
    do throws(Problem) {
      guard let equals = text.firstIndex(of: "=") else {
        throw Problem("\(quoted(text)) is not a tolerance", hint: "write connect.p99=30%")
      }
      let name = String(text[..<equals])
      guard let metric = Metric(named: name), metric.traits.tolerance != nil else {
        let known = Metric.all.filter { $0.traits.tolerance != nil }.map(\.name)
        throw Problem(
          "there is no metric \(quoted(name)) to compare",
          hint: didYouMean(name, known) ?? "metrics are \(known.joined(separator: ", "))")
      }
      return (metric, try Units.share(String(text[text.index(after: equals)...])))
    } catch {
      throw Wrong(error)
    }
  }
}
