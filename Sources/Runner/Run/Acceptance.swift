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
  /// Not accepted when the phase began, and how many of these waited at the listener.
  private var unacceptedBefore: Int
  private let waitingBefore: Int
  /// What our own server had accepted by then.
  private let acceptedBefore: Int

  init(_ fleet: borrowing Fleet, path: any PathReadings, hasOwnServer: Bool) {
    foreignServer = hasOwnServer ? nil : path
    unacceptedBefore = hasOwnServer ? Self.atOwnServer(fleet) : path.waiting
    waitingBefore =
      hasOwnServer && unacceptedBefore > 0
      ? min(unacceptedBefore, path.waiting) : unacceptedBefore
    acceptedBefore = fleet.total(.opened, .server)
  }

  private static func atOwnServer(_ fleet: borrowing Fleet) -> Int {
    max(0, fleet.total(.established, .client) - fleet.total(.opened, .server))
  }

  /// How many connections of this phase wait to be accepted. At someone else's server connections of others may be among
  /// them, so the fewest of several looks are nearest to the truth.
  mutating func outstanding(_ fleet: borrowing Fleet) -> Int {
    guard let foreignServer else {
      let gone = min(waitingBefore, fleet.total(.opened, .server) - acceptedBefore)
      return max(0, Self.atOwnServer(fleet) - (unacceptedBefore - gone))
    }
    let now = foreignServer.waiting
    unacceptedBefore = min(unacceptedBefore, now)
    return now - unacceptedBefore
  }
}
