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
  /// By our own server's books, when the phase began: not accepted, how many of these waited at the
  /// listener, and what had been accepted. The first is below zero where others from the same
  /// addresses have been accepted as well.
  private let unacceptedBefore: Int
  private let ownWaitingBefore: Int
  private let acceptedBefore: Int

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    self.path = path
    self.hasOwnServer = hasOwnServer
    waitingBefore = path.waiting
    unacceptedBefore = Self.unaccepted(fleet)
    ownWaitingBefore = max(0, min(unacceptedBefore, waitingBefore))
    acceptedBefore = fleet.acceptedByServer
  }

  /// How many connections, of any phase, wait to be accepted.
  func waiting(_ fleet: borrowing Fleet) -> Int {
    asksKernel(fleet) ? path.waiting : Self.unaccepted(fleet)
  }

  /// Whether the books of our own server, if it is ours, do not tell which connections are the run's.
  private func asksKernel(_ fleet: borrowing Fleet) -> Bool {
    !hasOwnServer || !fleet.knowsOwnConnections
  }

  private static func unaccepted(_ fleet: borrowing Fleet) -> Int {
    fleet.total(.established, .client) - fleet.acceptedByServer
  }

  /// How many connections of this phase wait to be accepted. At a listener connections of others may be
  /// among them, so the fewest of several looks are nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    // Where nobody has come from elsewhere, whoever waits has one of the clients' addresses: others of
    // the same address, who were accepted, may have hidden in the books that it is one of ours.
    guard !asksKernel(fleet) else { return outstandingAtListeners() }
    let gone = min(ownWaitingBefore, fleet.acceptedByServer - acceptedBefore)
    let byBooks = max(0, Self.unaccepted(fleet) - (unacceptedBefore - gone))
    guard byBooks == 0, fleet.total(.strangers, .server) == 0 else { return byBooks }
    return outstandingAtListeners()
  }

  private mutating func outstandingAtListeners() -> Int {
    let now = path.waiting
    waitingBefore = min(waitingBefore, now)
    return now - waitingBefore
  }
}
