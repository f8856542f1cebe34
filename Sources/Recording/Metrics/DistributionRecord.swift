/// The values of one latency in one interval of a phase.
package struct DistributionRecord: Sendable, Equatable {
  package var latency: Latency
  package var phase: String
  /// The interval's bounds, in seconds since the run started.
  package var from: Double
  package var to: Double
  package var distribution: Distribution

  package init(
    latency: Latency, phase: String, from: Double, to: Double, distribution: Distribution
  ) {
    self.latency = latency
    self.phase = phase
    self.from = from
    self.to = to
    self.distribution = distribution
  }
}
