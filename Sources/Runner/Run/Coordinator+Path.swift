import Host
import Linux
import Plan
import Probe
import Recording

/// What lies between the two ends, and what someone else's server has accepted.
extension Coordinator {
  /// The kernel's readings, and what is seen on the way.
  func withPath(_ readings: [Reading]) -> [Reading] {
    let name = state.phases[phase].name
    let timedOut = ledger.records.contains {
      $0.phase == name && ($0.syscall == "connect-timeout" || $0.errno?.name == "ETIMEDOUT")
    }
    return readings + kernel.path.look(readings.values, timedOut: timedOut)
  }

  /// What was seen in this phase, with what the clients have of it.
  var pathFindings: PathFindings {
    var findings = kernel.path.findings
    findings.answered = max(0, fleet.total(.established, .client) - answeredBefore)
    findings.held = fleet.now(.held, .client)
    // The kernel goes through all connections of the host for it.
    if fleet.total(.closedByPeer, .client) > lostBefore {
      findings.atServer = hasOwnServer ? fleet.now(.held, .server) : kernel.path.owned
    }
    return findings
  }

  /// Gives someone else's server on this host a moment to accept what is on its way.
  mutating func settleElsewhere() throws(RecordingError) {
    guard kernel.path.knowsServer else { return }
    let path = kernel.path
    try settle(watching: { path.pending }) { _ in path.pending == 0 }
  }

  /// Connections that nobody has accepted, as far as that is known: those that the clients have had
  /// and our own server has not, or those that wait at someone else's. They wait there until they are
  /// accepted, also when their clients have closed them.
  var unaccepted: Int { Self.unaccepted(fleet, elsewhere: hasOwnServer ? nil : kernel.path) }

  private static func unaccepted(
    _ fleet: borrowing Fleet, elsewhere path: (any PathReadings)?
  ) -> Int {
    path?.waiting ?? fleet.total(.established, .client) - fleet.total(.opened, .server)
  }

  /// How long after a churn's last connection was closed the server may take to accept it.
  private static let acceptTime = Duration.seconds(1)

  /// Waits a moment for the server to accept what a churn has opened, and closed by now; returns how
  /// many it has not.
  mutating func awaitAcceptance() throws(RecordingError) -> Int {
    let path = hasOwnServer ? nil : kernel.path
    let before = atBegin.unaccepted
    try loop(until: clock.now().advanced(by: Self.acceptTime)) { fleet in
      Self.unaccepted(fleet, elsewhere: path) <= before
    }
    return max(0, unaccepted - atBegin.unaccepted)
  }

  /// Connections that the server end has accepted and holds; nil where nobody can know.
  func acceptedAtEnd(established: Int) -> Int? {
    if hasOwnServer { return fleet.now(.held, .server) }
    return established > 0 && !course.isInterrupted ? kernel.path.accepted(of: established) : nil
  }
}
