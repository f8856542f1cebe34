/// What a worker counts. The raw value is the place of the counter on its scoreboard.
package enum Counter: Int, CaseIterable, Sendable {
  /// A `WorkerState`.
  case state
  /// The number of the last order that is carried out; see `Scoreboard.Command`.
  case settledOrder

  // Connections now.
  /// Client: the handshake finished. Server: accepted from the run's own sources, and not from an
  /// ephemeral port.
  case held
  /// Server: accepted from the run's own sources and an ephemeral port, so that they may be other
  /// programs'.
  case ephemeralHeld
  case connecting
  /// Server: accepted from elsewhere.
  case strangersHeld

  // Since the worker started.
  /// Client: connections begun, with those that failed at once, however often each one's handshake
  /// was tried. Server: connections accepted from the run's own sources, and not from an ephemeral
  /// port.
  case opened
  /// Client: handshakes begun from an ephemeral port. Server: connections accepted from the run's own
  /// sources and such a port.
  case ephemeral
  /// Server: connections accepted from elsewhere. All that they do counts for nothing else.
  case strangers
  /// Client: handshakes begun anew, since the one before had timed out.
  case retried
  /// Client: handshakes that finished.
  case established
  /// Connections that were held and ended without our wish: closed or reset by the other side, or
  /// broken. Each one is counted here once, however its end was noticed.
  case closedByPeer
  case failures
  /// Tuples of source port and endpoint that something else on the host held, or TIME_WAIT; each
  /// counts once.
  case portsSkipped
  /// Client: connections of a churn that lived to their planned end, and were begun more than
  /// `lateAfter` after the schedule wanted them. Those that failed or were lost are counted as that.
  case lateArrivals
  /// Client: turns in which an arrival was due and there was no room for it.
  case crowded
  /// The last phase in which a limit stopped this worker's growth, counted from 1; 0 for none. See
  /// `Scoreboard.isLimited(in:)`.
  case limited
  /// Turns of the loop: a sign of life.
  case turns
  /// Client: bytes sent to verify a connection that came back.
  case verified
  /// Client: connections that a churn has closed, after their lifetime or when it was ended early.
  case churned
  /// Client: of these, the ones that were closed before their lifetime was over.
  case cutShort
  /// Client: connections held that a phase closed: a close, or a search on its way down.
  case closed
  /// Client: connections that were closed as the conversation on them wanted, by either side.
  case closedAsRecorded
  /// Client: connections held now that sent a message and never got an answer.
  case unanswered
  /// Client: waits for quiet after a wrong answer.
  case waits
  /// Client: connections on which something came that nobody had asked for.
  case unasked
  /// Client: bytes that came while no answer was expected.
  case unexpectedBytes
  /// Server: messages pushed to a connection. Client: pushed messages that came whole.
  case pushed
  /// Client: bytes of pushed messages that were not as the server sends them.
  case pushedWrong
  case bytesReceived
  case bytesSent

  /// Nanoseconds after which an arrival no longer counts as on time.
  package static let lateAfter: UInt64 = 1_000_000_000
}
