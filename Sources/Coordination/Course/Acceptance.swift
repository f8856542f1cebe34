import Host
import Probe
import Recording

/// Which of a phase's connections the server end has not accepted, as far as that can be known.
///
/// Of our own server it is what the clients have had and the server has not; of someone else's on this
/// host it is what waits at its listener. A connection waits there until it is accepted, also when its
/// client has closed it, and in the order in which it came: so those that waited when the phase began
/// are accepted before any of the phase's own.
struct Acceptance {
  private let path: any PathReadings
  private let hasOwnServer: Bool
  /// Upper bound on the connections from before the phase that still wait at the listeners.
  private var oldStillWaiting: Int
  private let waitingAtBegin: Int
  private let countersAtBegin: WorkerCounters

  /// Handshakes that the clients have finished, and connections that our own server has accepted.
  private struct WorkerCounters {
    let established: Int
    let acceptedFromOwnPorts: Int
    let acceptedFromEphemeral: Int

    init(_ fleet: borrowing Fleet) {
      established = fleet.total(.established, .client)
      acceptedFromOwnPorts = fleet.total(.opened, .server)
      acceptedFromEphemeral = fleet.total(.ephemeral, .server)
    }

    /// What the server has accepted of the run's own, by what is known by now: see `Fleet.usesEphemeralPorts`.
    func accepted(_ fleet: borrowing Fleet) -> Int {
      acceptedFromOwnPorts + (fleet.usesEphemeralPorts ? acceptedFromEphemeral : 0)
    }

    /// Below zero where others from the same addresses have been accepted as well.
    func unaccepted(_ fleet: borrowing Fleet) -> Int { established - accepted(fleet) }
  }

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    self.path = path
    self.hasOwnServer = hasOwnServer
    oldStillWaiting = path.waiting
    waitingAtBegin = oldStillWaiting
    countersAtBegin = WorkerCounters(fleet)
  }

  /// How many connections, of any phase, wait to be accepted.
  func waiting(_ fleet: borrowing Fleet) -> Int {
    needsKernel(fleet) ? path.waiting : WorkerCounters(fleet).unaccepted(fleet)
  }

  /// Whether to ask the kernel: the server is not ours, or its counters cannot say which connections belong to
  /// the run.
  private func needsKernel(_ fleet: borrowing Fleet) -> Bool {
    !hasOwnServer || !fleet.knowsOwnConnections
  }

  /// How many connections of this phase wait to be accepted. At a listener connections of others may be
  /// among them, so the fewest of several looks are nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    guard !needsKernel(fleet) else { return outstandingAtListeners(fleet) }
    let counters = WorkerCounters(fleet)
    let before = countersAtBegin.unaccepted(fleet)
    let gone = min(
      max(0, min(before, waitingAtBegin)),
      counters.accepted(fleet) - countersAtBegin.accepted(fleet))
    let byCounters = max(0, counters.unaccepted(fleet) - (before - gone))
    // A 0 need not be true: connections of other programs, accepted from the clients' own addresses, may
    // offset ours. With no strangers whatever waits comes from a client's address, so the listeners tell.
    guard byCounters == 0, fleet.total(.strangers, .server) == 0 else { return byCounters }
    return outstandingAtListeners(fleet)
  }

  private mutating func outstandingAtListeners(_ fleet: borrowing Fleet) -> Int {
    let now = path.waiting
    oldStillWaiting = min(oldStillWaiting, now)
    // Whoever else waits there, no more of them are this phase's than it has had.
    return min(
      now - oldStillWaiting, WorkerCounters(fleet).established - countersAtBegin.established)
  }
}
