import Host
import Linux
import Plan
import Probe
import Recording
import WorkerLog

/// What was seen between the two ends of connections: listeners, queues, packets, NAT.
extension Coordinator {
  /// Updates the path findings. Returns the given readings, followed by those of the path.
  func lookAtPath(adding readings: [Reading]) -> [Reading] {
    let name = state.phases[phaseIndex].name
    let timedOut = ledger.records.contains {
      $0.phase == name
        && ($0.syscall == FailedCall.connectTimeout.name || $0.errno?.name == "ETIMEDOUT")
    }
    return readings + hostReadings.path.look(readings.values, timedOut: timedOut)
  }

  /// What was seen on the path in this phase, completed by what the workers have counted.
  var pathFindings: PathFindings {
    var findings = hostReadings.path.findings
    findings.finishedHandshakes = max(0, fleet.total(.established, .client) - establishedBefore)
    findings.held = fleet.current(.held, .client)
    findings.stillAccepts = stillMoves
    findings.goneAtServer = goneAtServer
    findings.redirected = redirected
    findings.strangersAtServer = fleet.strangersHeldAtServer
    findings.queuedAtDeadline = queuedAtDeadline
    findings.serverMayClose = serverMayHaveClosed
    // Only if a peer has closed connections or has broken off TLS handshakes: for `leftAtServer` the kernel goes
    // through all connections of the host.
    let name = state.phases[phaseIndex].name
    let isBrokenOff = state.failures.contains {
      $0.phase == name && $0.syscall == FailedCall.secure.name && $0.errno?.name == "ECONNRESET"
    }
    if isBrokenOff || fleet.total(.closedByPeer, .client) > closedByPeerBefore {
      let counted = fleet.heldAtServer - fleet.current(.held, .client)
      findings.leftAtServer =
        hostReadings.path.leftAtServer ?? (hasOwnServer ? max(0, counted) : nil)
    }
    return findings
  }

  /// Whether our own server may have closed connections in this phase: in it the server met a failure, was full, or has
  /// refused a handshake on top of TCP (`Scoreboard.refusals`), or one of its workers has died since the run started. Nil
  /// where the server is someone else's.
  var serverMayHaveClosed: Bool? {
    guard hasOwnServer else { return nil }
    let (phaseIndex, name) = (phaseIndex, state.phases[phaseIndex].name)
    return fleet.any(.server) {
      $0.isLimited(in: phaseIndex) || !$0.refusals.rows(of: phaseIndex).isEmpty
    }
      || fleet.members.contains { $0.end == .server && !$0.isAlive }
      || state.failures.contains { $0.end == .server && $0.phase == name }
  }
}
