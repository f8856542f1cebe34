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
    return findings
  }

  /// Gives someone else's server on this host a moment to accept what is on its way.
  mutating func settleElsewhere() throws(RecordingError) {
    guard kernel.path.knowsServer else { return }
    let path = kernel.path
    let stands = try settle(watching: { path.pending }) { _ in path.pending == 0 }
    stuckElsewhere = stands ? path.waiting : 0
  }

  /// Connections that the server end has accepted and holds; nil where nobody can know.
  func acceptedAtEnd(established: Int) -> Int? {
    if hasOwnServer { return fleet.now(.held, .server) }
    return established > 0 && !interrupted ? kernel.path.accepted(of: established) : nil
  }
}
