import Host
import Probe
import Recording

/// Counts the connections of a phase that the server end has not accepted, as far as that can be known.
///
/// With the run's own server the number is that of the handshakes that the clients have finished, less that of
/// the connections that the server has accepted. With someone else's server on this host, and where the own server's
/// counters do not tell, it is the number of connections that wait in the accept queue of the listener. A
/// connection waits there until it is accepted, even after its client has closed it. The queue keeps the order of
/// arrival, so connections that waited when the phase began are accepted before any of the phase's own.
struct Acceptance {
  private let path: any PathReadings
  private let hasOwnServer: Bool
  /// An upper bound: how many connections from before the phase can still wait at the listeners.
  private var oldStillWaiting: Int
  /// Connections that waited at the listeners when the phase began.
  private let waitingAtBegin: Int
  private let countersAtBegin: WorkerCounters

  /// What the workers have counted since the run started.
  private struct WorkerCounters {
    /// Handshakes that the clients have finished.
    let established: Int
    /// Connections from non-ephemeral ports of the clients' addresses that the run's own server has accepted.
    let acceptedFromNonEphemeral: Int
    /// Connections from ephemeral ports of the clients' addresses that the run's own server has accepted.
    let acceptedFromEphemeral: Int

    init(_ fleet: borrowing Fleet) {
      established = fleet.total(.established, .client)
      acceptedFromNonEphemeral = fleet.total(.opened, .server)
      acceptedFromEphemeral = fleet.total(.ephemeral, .server)
    }

    /// The run's connections that its server has accepted. Connections from ephemeral ports count only if the
    /// clients have used such ports by now: see `Fleet.usesEphemeralPorts`.
    func accepted(_ fleet: borrowing Fleet) -> Int {
      acceptedFromNonEphemeral + (fleet.usesEphemeralPorts ? acceptedFromEphemeral : 0)
    }

    /// Finished handshakes less accepted connections: below zero where the server has also accepted other
    /// programs' connections from the clients' addresses.
    func unaccepted(_ fleet: borrowing Fleet) -> Int { established - accepted(fleet) }
  }

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    self.path = path
    self.hasOwnServer = hasOwnServer
    oldStillWaiting = path.waiting
    waitingAtBegin = oldStillWaiting
    countersAtBegin = WorkerCounters(fleet)
  }

  /// How many connections of the run, of this phase and of earlier ones, the server has not accepted. Where the
  /// listeners are asked, it is those that wait there. By the server's counters it includes lost ones, and is below zero
  /// where other programs' connections count as the run's.
  func unaccepted(_ fleet: borrowing Fleet) -> Int {
    needsKernel(fleet) ? path.waiting : WorkerCounters(fleet).unaccepted(fleet)
  }

  /// Whether only the kernel can tell: the server is someone else's, or its counters do not say which
  /// connections belong to the run.
  private func needsKernel(_ fleet: borrowing Fleet) -> Bool {
    !hasOwnServer || !fleet.knowsOwnConnections
  }

  /// How many connections of this phase have not been accepted yet. Other programs' connections that wait at
  /// a listener may be among them, so the lowest number of several looks is nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    guard !needsKernel(fleet) else { return outstandingAtListeners(fleet) }
    let counters = WorkerCounters(fleet)
    let unacceptedAtBegin = countersAtBegin.unaccepted(fleet)
    // Connections that waited when the phase began are accepted first. Those that were unaccepted then and did
    // not wait any more are lost: the server will never accept them.
    let oldAccepted = min(
      max(0, min(unacceptedAtBegin, waitingAtBegin)),
      counters.accepted(fleet) - countersAtBegin.accepted(fleet))
    let byCounters = max(0, counters.unaccepted(fleet) - (unacceptedAtBegin - oldAccepted))
    // A 0 may be wrong: other programs may have connected from the clients' own addresses, and the server's
    // counters take these connections for ours. Then the listeners are asked, but only if nobody has connected
    // from other addresses: otherwise a connection that waits there may be a stranger's.
    guard byCounters == 0, fleet.total(.strangers, .server) == 0 else { return byCounters }
    return outstandingAtListeners(fleet)
  }

  /// How many connections of this phase wait at the listeners.
  private mutating func outstandingAtListeners(_ fleet: borrowing Fleet) -> Int {
    let now = path.waiting
    oldStillWaiting = min(oldStillWaiting, now)
    // Other programs' connections may wait there, too. This phase has at most as many as the clients have
    // finished handshakes in it.
    return min(
      now - oldStillWaiting, WorkerCounters(fleet).established - countersAtBegin.established)
  }
}
