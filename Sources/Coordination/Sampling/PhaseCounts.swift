import Plan
import Probe
import Recording

/// The run's connections at one instant, as the workers count them and, where their counters do not tell,
/// the server's kernel. A phase's promise is judged by two of these: from its begin and from its end.
struct PhaseCounts {
  /// Connections that the clients hold now.
  let atClient: Int
  /// Connections of the clients' that the server end holds now; nil where nobody can know. In a close it may
  /// hold more than the clients.
  let atServer: Int?
  // The next nine numbers count from the start of the run.

  /// Handshakes that finished.
  let established: Int
  /// Connections that a churn closed, at the end of their lifetime or before it.
  let churned: Int
  /// Connections that either side closed where it did so in the recorded conversation.
  let closedAsRecorded: Int
  /// Connections of a churn that lived as long as planned, but were begun too late; see
  /// `Counter.lateArrivals`.
  let late: Int
  /// Connections of a churn that were closed before their lifetime was over.
  let cutShort: Int
  /// Connections that a storm cut.
  var dropped = 0
  /// Connections that were to come back and were not tried once, as their backoff was not over.
  var leftWaiting = 0
  /// Connections that were to come back and were not tried once, though their backoff was over.
  var leftDue = 0
  /// Turns of the client workers' loops in which an arrival was due and the worker had no room for it.
  let crowded: Int
  /// Connections that the clients have established, in this phase or before, and that the server has not
  /// accepted. One that its client has closed meanwhile still counts; see `Acceptance`.
  let unaccepted: Int
  /// Connections of this churn that the server had not accepted in time (`Coordinator.awaitAcceptance`); 0 in
  /// other phases.
  let unacceptedByDeadline: Int

  /// Connections that stand at both ends.
  var atBothEnds: Int { min(atClient, atServer ?? atClient) }
  /// Connections that the server does not have, as far as that is known.
  var onlyAtClient: Int { atClient - atBothEnds }

  /// Connections that the clients have lost since an earlier instant: those that stood then or were
  /// established since, and that neither stand now nor were closed by a churn or as recorded. So the
  /// connections of a worker that has died are lost. What a close phase or a search has closed counts as
  /// lost, too: compare no two instants with such a close between them.
  func lostAtClient(since earlier: PhaseCounts) -> Int {
    let gained = established - earlier.established
    let closed =
      churned - earlier.churned + closedAsRecorded - earlier.closedAsRecorded + dropped
      - earlier.dropped
    return max(0, earlier.atClient + gained - atClient - closed)
  }

  /// Whether either end has lost connections since an earlier instant.
  func haveLost(since earlier: PhaseCounts) -> Bool {
    lostAtClient(since: earlier) > 0
      || atBothEnds + closedAsRecorded - earlier.closedAsRecorded < earlier.atBothEnds
  }
}

extension PhaseCounts {
  /// - Parameters:
  ///   - atServer, unaccepted, unacceptedByDeadline: see the fields.
  init(
    _ fleet: borrowing Fleet, atServer: Int?, unaccepted: Int = 0, unacceptedByDeadline: Int = 0
  ) {
    atClient = fleet.current(.held, .client)
    self.atServer = atServer
    established = fleet.total(.established, .client)
    churned = fleet.total(.churned, .client)
    closedAsRecorded = fleet.total(.closedAsRecorded, .client)
    late = fleet.total(.lateArrivals, .client)
    cutShort = fleet.total(.cutShort, .client)
    dropped = fleet.total(.dropped, .client)
    leftWaiting = fleet.total(.leftWaiting, .client)
    leftDue = fleet.total(.leftDue, .client)
    crowded = fleet.total(.crowded, .client)
    self.unaccepted = unaccepted
    self.unacceptedByDeadline = unacceptedByDeadline
  }
}
