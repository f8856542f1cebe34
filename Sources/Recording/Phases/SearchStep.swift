/// One step of a search: how many connections were asked for, and how it went.
package struct SearchStep: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// Reached, and nothing was amiss.
    case reached
    /// A limit stopped it short of the goal.
    case limit
    /// Reached, but a condition held that says it is one too many.
    case tooMany = "too-many"
    /// Held for as long as a ceiling must last.
    case confirmed
    /// Did not last that long.
    case lost
  }

  package var phase: String
  /// Seconds since the run started, when the step was decided.
  package var at: Double
  package var goal: Int
  /// Connections that stood at both ends.
  package var held: Int
  package var outcome: Outcome
  /// Why it went so, for people; empty where there is nothing to say.
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
