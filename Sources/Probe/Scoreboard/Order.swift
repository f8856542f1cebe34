/// What a worker is told to do, always together with a phase and a start.
package enum Order: UInt64, Sendable {
  case wait
  /// Begin the phase's task and its messages at the start instant. Carried out when the task is
  /// done and no handshake is under way; messages go on.
  case begin
  /// Open nothing more in this phase, close what a churn has left, and begin no message any more.
  /// Carried out when no answer is waited for.
  case settle
  /// Send one byte on every connection and count the ones that come back. Nothing else is in
  /// progress then.
  case verify
  case quit
}
