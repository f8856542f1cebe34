import Plan
import Probe
import Recording

/// What the workers have counted at one instant. A phase's promise is measured by two of these.
struct PhaseCounts {
  /// Connections that stand now; at the server nil where nobody can know.
  let atClient: Int
  let atServer: Int?
  // The next six count since the run started.

  /// Handshakes that finished.
  let established: Int
  /// Connections that a churn closed, at the end of their lifetime or before it.
  let churned: Int
  /// Connections that ended where their recorded conversation ends.
  let closedAsRecorded: Int
  /// Connections of a churn that lived as planned, but were begun too late; see
  /// `Counter.lateArrivals`.
  let late: Int
  /// Connections of a churn that were closed before their lifetime was over.
  let cutShort: Int
  /// Turns of client workers in which an arrival was due and found no room.
  let crowded: Int
  /// Connections whose handshake the clients have finished and that the server has not accepted, those among
  /// them that were closed meanwhile included; see `Acceptance`.
  let unaccepted: Int
  /// Connections of this phase that the server had not accepted in time.
  let unacceptedByDeadline: Int

  /// Connections that stand at both ends.
  var atBothEnds: Int { min(atClient, atServer ?? atClient) }
  /// Connections that the server does not have, as far as that is known.
  var onlyAtClient: Int { atClient - atBothEnds }

  /// Connections that the clients have lost since an earlier instant. Every connection that was there or
  /// came either stands, or was closed as planned, or is lost; so the connections of a worker that has died
  /// are lost, too.
  func lostAtClient(since earlier: PhaseCounts) -> Int {
    let gained = established - earlier.established
    let closed = churned - earlier.churned + closedAsRecorded - earlier.closedAsRecorded
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
  ///   - atServer: connections that stand at the server; nil where nobody can know.
  ///   - unaccepted, unacceptedByDeadline: see the fields.
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
    crowded = fleet.total(.crowded, .client)
    self.unaccepted = unaccepted
    self.unacceptedByDeadline = unacceptedByDeadline
  }
}
