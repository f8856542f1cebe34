/// What the coordinator orders, always with a phase and a start; see `Scoreboard.Command`.
package enum Order: UInt64, Sendable {
  case wait
  /// Begin the phase's task and its messages at the start. Carried out when the task is done and no
  /// handshake is under way; messages go on.
  case begin
  /// Open nothing more in this phase, close the connections of a churn that still stand, and begin
  /// no more messages. Carried out when no handshake, no planned close and no answer is waited for.
  case settle
  /// Send one byte on every connection and count the connections that send it back. Given only
  /// while nothing else is under way.
  case verify
  case quit
}
