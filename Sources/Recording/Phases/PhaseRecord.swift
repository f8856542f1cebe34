/// One phase as it really went. Instants are seconds since the run started.
package struct PhaseRecord: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// Ran to its end and kept its promise.
    case done
    /// Broke its promise.
    case limit
    /// Cut off: by a signal, or because the run itself was. So it stands from its begin to its end.
    case interrupted
    /// Ended by a threshold that ends the run.
    case aborted
    /// Never begun, because the run ended before.
    case skipped
  }

  /// Unique in the plan, for example `ramp` or `hold-2`.
  package var name: String
  package var kind: PhaseKind
  /// The phase as planned, for example "ramp to 1,000,000 at 25,000/s".
  package var title: String
  package var planLine: Int
  /// Established connections asked for; nil where the phase asks for none.
  package var goal: Int?
  /// Connections a second asked for; nil where the phase sets no pace.
  package var plannedRate: Double?
  package var started: Double?
  package var ended: Double?
  /// When nothing more was to be opened: the last arrival was due, or the phase's growth had ended
  /// before. Nil while that is open, where a phase opens nothing, and before version 1.3.
  package var openedUntil: Double?
  package var outcome: Outcome
  /// Highest number of established connections in the phase.
  package var established: Int
  package var accepted: Int
  /// Established at the client and never accepted at the server when the phase had settled; of a
  /// churn its own, which had come and gone by then.
  package var phantom: Int
  package var failures: Int
  /// What it had to keep; nil where it promised nothing, has not ended, or before format 1.3.
  package var promise: PhasePromise?
  /// The condition that ended the run in it, with what was measured; nil when none did.
  package var abortedBy: String?
  /// When it was known that the condition cannot hold any more: seconds into the run. Answers that were under
  /// way may have been waited for since.
  package var abortedAt: Double?
  /// What a search found: the most connections that lasted; nil for other phases, and when none did.
  package var ceiling: Int?
  /// What is to be said of how it went, for example why it was slower than planned; empty where
  /// there is nothing.
  package var remark: String

  package init(
    name: String, kind: PhaseKind, title: String, planLine: Int, goal: Int? = nil,
    plannedRate: Double? = nil, started: Double? = nil, ended: Double? = nil,
    openedUntil: Double? = nil, outcome: Outcome = .skipped, established: Int = 0,
    accepted: Int = 0, phantom: Int = 0, failures: Int = 0,
    promise: PhasePromise? = nil, abortedBy: String? = nil, abortedAt: Double? = nil,
    ceiling: Int? = nil, remark: String = ""
  ) {
    self.name = name
    self.kind = kind
    self.title = title
    self.planLine = planLine
    self.goal = goal
    self.plannedRate = plannedRate
    self.started = started
    self.ended = ended
    self.openedUntil = openedUntil
    self.outcome = outcome
    self.established = established
    self.accepted = accepted
    self.phantom = phantom
    self.failures = failures
    self.promise = promise
    self.abortedBy = abortedBy
    self.abortedAt = abortedAt
    self.ceiling = ceiling
    self.remark = remark
  }

  /// What is known of `Recording.held(in:)` without the samples.
  package var held: Int {
    let most = held(established: established, accepted: accepted)
    return stood ?? most
  }

  /// What stood at both ends at the end of a phase that is about that: what a search found, and what a
  /// ramp or a hold kept of its promise. Nil for others, and before format 1.3.
  var stood: Int? {
    kind.finds ? ceiling : kind.promisesConnections ? promise?.kept : nil
  }

  /// What stood at both ends, from the most at each of them. The phantoms of a churn are how many of
  /// all its connections, one after the other, were not accepted: of those that stood at once the
  /// server's own number tells, where it is known.
  func held(established: Int, accepted: Int) -> Int {
    if kind.comesAndGoes {
      return accepted > 0 || phantom > 0 ? min(established, accepted) : established
    }
    return max(0, established - phantom)
  }

  /// Seconds the phase took; nil while it has not ended.
  package var duration: Double? {
    guard let started, let ended else { return nil }
    return ended - started
  }
}
