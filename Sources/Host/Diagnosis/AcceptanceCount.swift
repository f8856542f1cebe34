/// What the server end has of the clients' connections.
package struct AcceptanceCount: Sendable, Equatable {
  /// Those that a process at the endpoints was seen to have.
  package var accepted: Int
  /// Those that no process has.
  package var alone: Int
  /// Those that a process has at another address than the one they were made to: a rule has led them
  /// there.
  package var redirected: Int
  /// Those of which nobody can tell: nothing of them is to be seen at the other end, nor of any other
  /// connection there, or their listener waits for their first bytes (TCP_DEFER_ACCEPT).
  package var unknown: Int

  package init(accepted: Int, alone: Int, redirected: Int = 0, unknown: Int = 0) {
    self.accepted = accepted
    self.alone = alone
    self.redirected = redirected
    self.unknown = unknown
  }
}
