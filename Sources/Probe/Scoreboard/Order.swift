/// What the coordinator orders, always with a phase and a start; see `Scoreboard.Command`.
package enum Order: UInt64, Sendable {
  /// No order yet: 0, as in memory that nobody has written to.
  case wait
  /// Begin the phase's task and its messages at the start. Carried out when the task is done, and no
  /// handshake and no planned close is waited for. Messages go on.
  case begin
  /// Open nothing more in this phase, close the connections of a churn that still stand, and begin
  /// only the messages that were due before. Carried out when no handshake, no planned close and no
  /// answer is waited for.
  case settle
  /// Send one byte on every connection on which nothing is under way, and count the connections that
  /// send something back. Given only at the end of a phase.
  case verify
  /// End the loop, and the process with it.
  case quit
}
