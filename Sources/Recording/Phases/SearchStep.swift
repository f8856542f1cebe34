/// One step of a search: how many connections were asked for, and how the step went.
package struct SearchStep: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// The goal was held, and no condition of the search's `until` came true.
    case reached
    /// The step stayed short of its goal: a limit stopped it, or the server did not accept.
    case limit
    /// A condition of the search's `until` came true, in a step or in a confirmation. The goal may
    /// not have been reached.
    case tooMany = "too-many"
    /// The connections lasted for the search's `confirm`. Their number is the search's ceiling.
    case confirmed
    /// Connections were lost before the search's `confirm` was over.
    case lost
  }

  package var phase: String
  /// When the step was decided, in seconds since the run started.
  package var at: Double
  /// Connections asked for.
  package var goal: Int
  /// Connections that stood at both ends; at the client end where nobody knows the server's number.
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
