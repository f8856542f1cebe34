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
    findings.stillAccepts = stillMoves
    // The kernel goes through all connections of the host for it.
    if fleet.total(.closedByPeer, .client) > lostBefore {
      let counted = fleet.now(.held, .server) - strangersAtServer - fleet.now(.held, .client)
      findings.leftAtServer = kernel.path.leftAtServer ?? (hasOwnServer ? max(0, counted) : nil)
    }
    return findings
  }

  /// Gives someone else's server on this host a moment to accept what is on its way.
  mutating func settleElsewhere() throws(RecordingError) {
    guard kernel.path.knowsServer else { return }
    let path = kernel.path
    try settle(watching: { path.pending }) { _ in path.pending == 0 }
  }

  /// How long after a churn's last connection was closed the server may take to accept it.
  private static let acceptTime = Duration.seconds(1)

  /// Waits for the server to accept what a churn has opened, and closed by now; returns how many it has
  /// not accepted in time. Those of a churn that was cut off need not have come in time.
  mutating func awaitAcceptance() throws(RecordingError) -> Int {
    var acceptance = acceptance
    var fewest = Int.max
    try loop(until: clock.now().advanced(by: Self.acceptTime)) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
    }
    let inTime = fewest
    // They are waited for all the same: whether they come late, or not at all, is a cause of its own.
    if inTime > 0 { _ = withPath(kernel.readings()) }
    let strangers = strangersAtServer
    let isOurs = hasOwnServer
    try settle(watching: { [path = kernel.path] in isOurs ? 0 : path.pending }) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
        && (!isOurs || fleet.now(.held, .server) - strangers <= fleet.now(.held, .client))
    }
    return course.goesOn ? inTime : fewest
  }

  /// Connections that our own server held for others when the phase began.
  var strangersAtServer: Int { max(0, (atBegin.atServer ?? 0) - atBegin.atClient) }

  /// Connections that the server end has accepted and holds; nil where nobody can know.
  func acceptedAtEnd(established: Int) -> Int? {
    if hasOwnServer { return fleet.now(.held, .server) }
    return established > 0 && !course.isInterrupted ? kernel.path.accepted(of: established) : nil
  }
}
