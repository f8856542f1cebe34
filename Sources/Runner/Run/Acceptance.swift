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
  private var waitingBefore: Int
  private let waitingAtBegin: Int
  private let countersAtBegin: WorkerCounters

  /// Both ends' counters of connections.
  private struct WorkerCounters {
    let established: Int
    let opened: Int
    let ephemeral: Int

    init(_ fleet: borrowing Fleet) {
      established = fleet.total(.established, .client)
      opened = fleet.total(.opened, .server)
      ephemeral = fleet.total(.ephemeral, .server)
    }

    /// As the server's own are told by now: see `Fleet.usesEphemeralPorts`.
    func accepted(_ fleet: borrowing Fleet) -> Int {
      opened + (fleet.usesEphemeralPorts ? ephemeral : 0)
    }

    /// Below zero where others from the same addresses have been accepted as well.
    func unaccepted(_ fleet: borrowing Fleet) -> Int { established - accepted(fleet) }
  }

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    self.path = path
    self.hasOwnServer = hasOwnServer
    waitingBefore = path.waiting
    waitingAtBegin = waitingBefore
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
    guard !needsKernel(fleet) else { return outstandingAtListeners() }
    let counters = WorkerCounters(fleet)
    let before = countersAtBegin.unaccepted(fleet)
    let gone = min(
      max(0, min(before, waitingAtBegin)),
      counters.accepted(fleet) - countersAtBegin.accepted(fleet))
    let byCounters = max(0, counters.unaccepted(fleet) - (before - gone))
    // The counters can come to 0 only because connections of other programs, accepted from the clients' own
    // addresses, offset ours. With no strangers whatever waits comes from a client's address.
    guard byCounters == 0, fleet.total(.strangers, .server) == 0 else { return byCounters }
    return outstandingAtListeners()
  }

  private mutating func outstandingAtListeners() -> Int {
    let now = path.waiting
    waitingBefore = min(waitingBefore, now)
    return now - waitingBefore
  }
}
