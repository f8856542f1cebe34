/// Everything that the coordinator adds to a recording at one instant.
package struct Sample: Sendable, Equatable {
  /// Seconds since the run started.
  package var at: Double
  package var readings: [Reading]
  /// Distributions whose interval has ended since the sample before.
  package var distributions: [DistributionRecord]
  /// Connections and messages that the client workers began since the sample before.
  package var drive: [DriveRecord]
  /// The whole state of the run; nil leaves the recorded state as it was.
  package var state: RunState?

  package init(
    at: Double, readings: [Reading], distributions: [DistributionRecord] = [],
    drive: [DriveRecord] = [], state: RunState? = nil
  ) {
    self.at = at
    self.readings = readings
    self.distributions = distributions
    self.drive = drive
    self.state = state
  }
}
