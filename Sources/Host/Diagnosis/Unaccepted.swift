/// Which of the clients' connections no process at the endpoints has.
package struct Unaccepted: Sendable, Equatable {
  /// Connections of the clients that no process has at the other end.
  package var alone: Int
  /// Those that a process has at another address than the one they were made to: a rule has led them
  /// there.
  package var redirected: Int
  /// Those of which nobody can tell: nothing of them is to be seen at the other end, nor of any other
  /// connection there, or their listener waits for their first bytes (TCP_DEFER_ACCEPT).
  package var unknown: Int

  package init(alone: Int, redirected: Int = 0, unknown: Int = 0) {
    self.alone = alone
    self.redirected = redirected
    self.unknown = unknown
  }
}
