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
  /// What waited at the listeners when the phase began and does still, at the most.
  private var waitingBefore: Int
  private let waitingAtBegin: Int
  private let booksAtBegin: Books

  /// What both ends had counted of connections.
  private struct Books {
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
    booksAtBegin = Books(fleet)
  }

  /// How many connections, of any phase, wait to be accepted.
  func waiting(_ fleet: borrowing Fleet) -> Int {
    asksKernel(fleet) ? path.waiting : Books(fleet).unaccepted(fleet)
  }

  /// Whether the books of our own server, if it is ours, do not tell which connections are the run's.
  private func asksKernel(_ fleet: borrowing Fleet) -> Bool {
    !hasOwnServer || !fleet.knowsOwnConnections
  }

  /// How many connections of this phase wait to be accepted. At a listener connections of others may be
  /// among them, so the fewest of several looks are nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    // Where nobody has come from elsewhere, whoever waits has one of the clients' addresses: others of
    // the same address, who were accepted, may have hidden in the books that it is one of ours.
    guard !asksKernel(fleet) else { return outstandingAtListeners() }
    let books = Books(fleet)
    let before = booksAtBegin.unaccepted(fleet)
    let gone = min(
      max(0, min(before, waitingAtBegin)), books.accepted(fleet) - booksAtBegin.accepted(fleet))
    let byBooks = max(0, books.unaccepted(fleet) - (before - gone))
    guard byBooks == 0, fleet.total(.strangers, .server) == 0 else { return byBooks }
    return outstandingAtListeners()
  }

  private mutating func outstandingAtListeners() -> Int {
    let now = path.waiting
    waitingBefore = min(waitingBefore, now)
    return now - waitingBefore
  }
}
