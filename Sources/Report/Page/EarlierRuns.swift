package import Judgement
import Plan
package import Recording

/// The earlier runs that a page shows beside its own.
package struct EarlierRuns: Sendable {
  /// The run that this one is compared with; nil where there is none.
  package var base: Recording?
  /// How this run compares with `base`; nil where there is none.
  package var comparison: Comparison?
  /// The plan's last runs, oldest first, without this one.
  package var history: [RecordingSummary]

  package init(
    base: Recording? = nil, comparison: Comparison? = nil, history: [RecordingSummary] = []
  ) {
    self.base = base
    self.comparison = comparison
    self.history = history
  }

  /// The most runs that a page shows, its own among them.
  package static let mostRuns = 20

  package static let none = EarlierRuns()
}
