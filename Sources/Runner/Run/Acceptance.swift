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
  /// What waits at someone else's server; nil where the server is ours.
  private let foreignServer: (any PathReadings)?
  /// Not accepted when the phase began, and how many of these waited at the listener. Below zero where
  /// others from the same addresses have been accepted as well.
  private var unacceptedBefore: Int
  private let waitingBefore: Int
  /// What our own server had accepted by then.
  private let acceptedBefore: Int

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    foreignServer = hasOwnServer ? nil : path
    unacceptedBefore = Self.now(fleet, at: foreignServer)
    waitingBefore =
      hasOwnServer && unacceptedBefore > 0
      ? min(unacceptedBefore, path.waiting) : unacceptedBefore
    acceptedBefore = fleet.acceptedByServer
  }

  /// How many connections, of any phase, wait to be accepted.
  func waiting(_ fleet: borrowing Fleet) -> Int { Self.now(fleet, at: foreignServer) }

  private static func now(_ fleet: borrowing Fleet, at foreignServer: (any PathReadings)?) -> Int {
    foreignServer?.waiting ?? fleet.total(.established, .client) - fleet.acceptedByServer
  }

  /// How many connections of this phase wait to be accepted. At someone else's server connections of
  /// others may be among them, so the fewest of several looks are nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    guard let foreignServer else {
      guard fleet.knowsOwnConnections else { return 0 }
      let gone = min(waitingBefore, fleet.acceptedByServer - acceptedBefore)
      return max(0, waiting(fleet) - (unacceptedBefore - gone))
    }
    let now = foreignServer.waiting
    unacceptedBefore = min(unacceptedBefore, now)
    return now - unacceptedBefore
  }
}
