/// What is added to a recording at one instant.
package struct Sample: Sendable, Equatable {
  /// Seconds since the run started.
  package var at: Double
  package var readings: [Reading]
  /// Distributions whose interval has ended since the sample before.
  package var distributions: [DistributionRecord]
  /// What was driven since the sample before.
  package var drive: [DriveRecord]
  /// The whole state of the run; nil where nothing of it has changed.
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
