import Plan
import Probe
import Recording

/// What the workers have counted at one instant: what a phase's promise is measured by.
struct PhaseCounts {
  /// Connections that stand now; at the server nil where nobody can know.
  let atClient: Int
  let atServer: Int?
  /// Since the run started: handshakes that finished, connections that a churn closed after their
  /// lifetime, and those that ended as the conversation on them wanted.
  let established: Int
  let churned: Int
  let closedAsRecorded: Int
  /// Connections of a churn that lived as planned, but were begun too late; see
  /// `Counter.lateArrivals`.
  let late: Int
  /// Those that were closed before their lifetime was over.
  let cutShort: Int
  /// Turns of client workers in which an arrival was due, and there was no room for it.
  let crowded: Int
  /// Connections of this phase that the server had not accepted in time; see `Acceptance`.
  let unaccepted: Int

  /// Connections that stand at both ends.
  var atBothEnds: Int { min(atClient, atServer ?? atClient) }
}

extension PhaseCounts {
  /// - Parameters:
  ///   - atServer: connections that stand there.
  ///   - unaccepted: see the field.
  init(_ fleet: borrowing Fleet, atServer: Int?, unaccepted: Int = 0) {
    atClient = fleet.now(.held, .client)
    self.atServer = atServer
    established = fleet.total(.established, .client)
    churned = fleet.total(.churned, .client)
    closedAsRecorded = fleet.total(.closedAsRecorded, .client)
    late = fleet.total(.lateArrivals, .client)
    cutShort = fleet.total(.cutShort, .client)
    crowded = fleet.total(.crowded, .client)
    self.unaccepted = unaccepted
  }
}

extension PhasePromise {
  /// What a phase had to keep, from the counts at its begin and at its end; nil for a phase that
  /// promises nothing. docs/verdict.md has the rule.
  ///
  /// - Parameters:
  ///   - arrivals: connections that a churn was to begin.
  ///   - found: whether a search has found a number that lasts, or was ended by its `until`.
  init?(
    _ phase: Phase, from begin: PhaseCounts, to end: PhaseCounts, arrivals: Int, found: Bool
  ) {
    let asRecorded = end.closedAsRecorded - begin.closedAsRecorded
    let gained = end.established - begin.established
    // Every connection that was there or came either stands, or was closed as planned, or is lost;
    // so the connections of a worker that has died are lost, too.
    let lost = max(
      0, begin.atClient + gained - end.atClient - (end.churned - begin.churned) - asRecorded)
    let promised: Int
    let missed: Int
    var lostBeside = 0
    switch phase.kind {
    case .ramp(let goal, _):
      promised = goal
      missed = goal - end.atBothEnds
    case .hold:
      promised = begin.atBothEnds
      // What the client alone held was not promised: nobody had accepted it.
      missed = max(
        lost - (begin.atClient - begin.atBothEnds),
        begin.atBothEnds - end.atBothEnds - asRecorded)
    case .churn:
      promised = arrivals
      // A churn leaves what stood before it; which of the two a conversation has closed is not known.
      lostBeside = min(lost, max(0, begin.atClient - end.atClient - asRecorded))
      missed =
        max(0, arrivals - gained) + lost - lostBeside + (end.late - begin.late)
        + (end.cutShort - begin.cutShort) + end.unaccepted
    case .search:
      promised = 1
      missed = found ? 0 : 1
    case .close:
      // Connections of others, which the server held before, are theirs to close.
      let others = max(0, (begin.atServer ?? 0) - begin.atClient)
      promised = begin.atClient
      missed = max(end.atClient, min((end.atServer ?? 0) - others, begin.atClient))
    case .pause: return nil
    }
    self.init(
      promised: promised, missed: min(max(0, missed), max(promised, begin.atClient + promised)),
      tolerance: phase.tolerance, lostBeside: lostBeside)
  }
}
