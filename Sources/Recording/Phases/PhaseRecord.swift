/// One phase as it really went. Instants are seconds since the run started.
package struct PhaseRecord: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// Ran to its end and kept its promise.
    case done
    /// Broke its promise.
    case limit
    /// Cut off by a signal, or with the whole run. A phase that goes on has this outcome, too, so
    /// that the outcome is right where the recording breaks off.
    case interrupted
    /// Ended, and the run with it, by a threshold with `abort`.
    case aborted
    /// Not begun: the run has not come to the phase yet, or ended before it.
    case skipped
  }

  /// Unique in the plan, for example `ramp` or `hold-2`.
  package var name: String
  package var kind: PhaseKind
  /// The phase as planned, for example "ramp to 1,000,000 at 25,000/s".
  package var title: String
  /// Line of the phase in the plan file, from 1.
  package var planLine: Int
  /// Established connections asked for; nil where the phase asks for none.
  package var goal: Int?
  /// Connections per second asked for; nil where the phase sets no pace.
  package var plannedRate: Double?
  package var started: Double?
  package var ended: Double?
  /// The instant from which a ramp or a churn opens nothing more: when its last arrival is due, or
  /// when its growth ended if that is earlier. With a pace it is set when the phase starts, without
  /// one when the growth has ended. Nil until then, in other phases, and before format 1.3.
  package var openedUntil: Double?
  package var outcome: Outcome
  /// The most connections that stood at once in the phase at the client end.
  package var established: Int
  /// The same at the server end; 0 also where nobody knows it.
  package var accepted: Int
  /// Connections that were established at the client and that the server had not accepted when the
  /// phase had settled. A churn counts all that it opened and the server did not accept in time. 0
  /// also where nobody knows what the server accepted.
  package var phantom: Int
  package var failures: Int
  /// Nil where the phase promised nothing or has not ended, and before format 1.3.
  package var promise: PhasePromise?
  /// The condition that ended the run in this phase, with what was measured; nil when none did.
  package var abortedBy: String?
  /// When it was known that the condition of `abortedBy` had failed for good. The phase may have gone
  /// on since, to wait for answers that were under way.
  package var abortedAt: Double?
  /// What a search found: the most connections that lasted; nil for other phases, and when no
  /// number lasted.
  package var ceiling: Int?
  /// Connections that a storm has cut; nil for other phases.
  package var dropped: Int?
  /// Seconds from the begin of a storm until `until` of what was held stood at both ends again. Nil for other
  /// phases, and where that was not so within the time of the plan.
  package var recovery: Double?
  /// A remark on how the phase went, for example why it was slower than planned; may be empty.
  package var remark: String

  package init(
    name: String, kind: PhaseKind, title: String, planLine: Int, goal: Int? = nil,
    plannedRate: Double? = nil, started: Double? = nil, ended: Double? = nil,
    openedUntil: Double? = nil, outcome: Outcome = .skipped, established: Int = 0,
    accepted: Int = 0, phantom: Int = 0, failures: Int = 0,
    promise: PhasePromise? = nil, abortedBy: String? = nil, abortedAt: Double? = nil,
    ceiling: Int? = nil, dropped: Int? = nil, recovery: Double? = nil, remark: String = ""
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
    self.dropped = dropped
    self.recovery = recovery
    self.remark = remark
  }

  /// `Recording.held(in:)`, as far as it is known without the samples.
  package var held: Int {
    let most = held(established: established, accepted: accepted)
    return stood ?? most
  }

  /// Connections that stood at both ends when the phase had ended: what a search found, and what a
  /// ramp or a hold kept of its promise. Nil for other phases, and for a ramp or a hold without a
  /// promise.
  var stood: Int? {
    kind.finds ? ceiling : kind.promisesConnections ? promise?.keptCount : nil
  }

  /// Connections that stood at both ends, computed from the most at each end: the clients' without
  /// the phantoms.
  ///
  /// A churn's phantoms are counted over all connections that came and went, so they say nothing of
  /// those that stood at once. For a churn the smaller of the two numbers counts; the clients',
  /// where the server's is not known.
  func held(established: Int, accepted: Int) -> Int {
    if kind.comesAndGoes {
      return accepted > 0 || phantom > 0 ? min(established, accepted) : established
    }
    return max(0, established - phantom)
  }

  /// Seconds that the phase took; nil until it has ended.
  package var duration: Double? {
    guard let started, let ended else { return nil }
    return ended - started
  }
}
