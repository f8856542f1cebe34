/// How many of the clients' connections the server end has.
package struct AcceptanceCount: Sendable, Equatable {
  /// Those that a process at the endpoints was seen to have.
  package var accepted: Int
  /// Those that no process has.
  package var alone: Int
  /// Those that a process has at another address than they connected to: NAT has redirected them.
  package var redirected: Int
  /// Unknown: the other end may be another program's, or no connection to this endpoint can be seen, or the
  /// listener waits for the first bytes (TCP_DEFER_ACCEPT).
  package var unknown: Int

  package init(accepted: Int, alone: Int, redirected: Int = 0, unknown: Int = 0) {
    self.accepted = accepted
    self.alone = alone
    self.redirected = redirected
    self.unknown = unknown
  }
}
