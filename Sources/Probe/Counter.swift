/// What a worker counts. The raw value is the place of the counter on its scoreboard.
package enum Counter: Int, CaseIterable, Sendable {
  /// A `WorkerState`.
  case state
  /// The last phase whose task is finished, counted from 1; 0 before the first.
  case settledPhase

  // Connections now.
  /// Client: the handshake finished. Server: accepted.
  case held
  case connecting

  // Since the worker started.
  /// Client: connections begun. Server: connections accepted.
  case opened
  /// Client: handshakes that finished.
  case established
  /// Closed or reset by the other side.
  case closedByPeer
  case failures
  /// Source ports that something else on the host held.
  case portsSkipped
  /// 1 once a limit has stopped this worker's growth.
  case limited
  /// Client: bytes sent to verify a connection that came back.
  case verified
  case bytesReceived
  case bytesSent
  /// Microseconds, as of the last turn that published them.
  case userTime
  case systemTime
}

package enum WorkerState: UInt64, Sendable {
  case starting, ready
  /// Cannot work at all, for example because its endpoint is taken; see its failures.
  case failed
}

/// What a worker is told to do, always together with a phase and a start.
package enum Order: UInt64, Sendable {
  case wait
  /// Begin the phase's task at the start instant.
  case begin
  /// Open nothing more in this phase.
  case settle
  /// Send one byte on every connection and count the ones that come back. Nothing else is in
  /// progress then.
  case verify
  case quit
}
