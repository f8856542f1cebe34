/// Which of the clients' connections no process at the endpoints has, held against each other one by one.
package struct Unaccepted: Sendable, Equatable {
  /// Connections of the clients that no process has at the other end.
  package var alone: Int
  /// Those that a process has at another address than the one they were made to: a rule has led them
  /// there.
  package var redirected: Int
  /// Whether the others are all known to have been accepted. Else nobody can tell of the rest.
  package var isWhole: Bool

  package init(alone: Int, redirected: Int = 0, isWhole: Bool = true) {
    self.alone = alone
    self.redirected = redirected
    self.isWhole = isWhole
  }
}
