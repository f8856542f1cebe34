/// How many of the clients' connections the server end has, counted at one look.
package struct AcceptanceCount: Sendable, Equatable {
  /// Those whose server end a process at the endpoints was seen to have.
  package var accepted: Int
  /// Those whose server end no process has: they wait to be accepted, or the server's kernel does not have
  /// them at all.
  package var alone: Int
  /// Those whose server end a process has at another address than they connected to: NAT has redirected them.
  package var redirected: Int
  /// Those of which nothing of this is known. The server end that was found may be another program's, or no
  /// connection to this endpoint can be seen, or the listener waits for the first bytes (TCP_DEFER_ACCEPT).
  package var unknown: Int

  package init(accepted: Int, alone: Int, redirected: Int = 0, unknown: Int = 0) {
    self.accepted = accepted
    self.alone = alone
    self.redirected = redirected
    self.unknown = unknown
  }
}
