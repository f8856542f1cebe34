/// One step of a search: how many connections were asked for, and how the step went.
package struct SearchStep: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// The goal was reached, and no condition of the search's `until` came true.
    case reached
    /// A limit stopped the step short of its goal.
    case limit
    /// The goal was reached, but a condition of the search's `until` came true.
    case tooMany = "too-many"
    /// The connections lasted for as long as a ceiling must last.
    case confirmed
    /// The connections did not last for as long as a ceiling must last.
    case lost
  }

  package var phase: String
  /// When the step was decided, in seconds since the run started.
  package var at: Double
  package var goal: Int
  /// Connections that stood at both ends.
  package var held: Int
  package var outcome: Outcome
  /// Why the step went as it did, for people; empty where there is nothing to say.
  package var reason: String

  package init(
    phase: String, at: Double, goal: Int, held: Int, outcome: Outcome, reason: String = ""
  ) {
    self.phase = phase
    self.at = at
    self.goal = goal
    self.held = held
    self.outcome = outcome
    self.reason = reason
  }
}
