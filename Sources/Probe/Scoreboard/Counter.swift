/// What a worker counts. The raw value is the place of the counter on its scoreboard.
package enum Counter: Int, CaseIterable, Sendable {
  /// A `WorkerState`.
  case state
  /// The number of the last order that the worker has carried out; see `Scoreboard.Command`.
  case settledOrder

  // Connections now.
  /// Client: connections that stand: their handshake has finished, and they have not ended. Server: the
  /// same of those accepted from the run's own sources, and not from an ephemeral port.
  case held
  /// Server: accepted from the run's own sources and an ephemeral port; other programs' connections
  /// may be among them.
  case ephemeralHeld
  /// Client: handshakes under way.
  case connecting
  /// Server: accepted from elsewhere.
  case strangersHeld

  // Since the worker started, but for `limited` and `unanswered`.
  /// Client: connections begun, with those that failed at once; each counts once, however often its
  /// handshake was tried. Server: connections accepted from the run's own sources, and not from an
  /// ephemeral port.
  case opened
  /// Client: handshakes begun from an ephemeral port. Server: connections accepted from the run's
  /// own sources and such a port.
  case ephemeral
  /// Server: connections accepted from elsewhere. Their ends (`closedByPeer`) and their bytes are
  /// counted with those of the others; nothing else that they do is.
  case strangers
  /// Client: handshakes begun because the same connection's previous handshake had timed out.
  case retried
  /// Client: handshakes that finished.
  case established
  /// Connections that were held and that this end did not choose to close: the peer closed or reset
  /// them, or they broke. Each counts once, however its end was noticed.
  case closedByPeer
  case failures
  /// Client: tuples of source and endpoint that could not be used, as something else on the host or
  /// TIME_WAIT held them, or as source and endpoint are the same. Each counts once.
  case portsSkipped
  /// Client: connections of a churn that were begun more than `lateAfter` after they were due, and
  /// lived to their planned or recorded end. Connections that failed or were lost are not among
  /// them.
  case lateArrivals
  /// Client: turns in which a connection was due and there was no room for it.
  case crowded
  /// Client: turns in which a connection was due and as many handshakes of TLS were under way as may be.
  case heldBack
  /// The last phase in which a limit stopped this worker's growth, counted from 1; 0 for none. See
  /// `Scoreboard.isLimited(in:)`.
  case limited
  /// Turns of the loop: a sign of life.
  case turns
  /// Client: connections on which something came after `Order.verify` had a byte sent on them.
  case verified
  /// Client: connections that a churn has closed, when their lifetime or the churn was over.
  case churned
  /// Client: of those in `churned` or `closedAsRecorded`, the ones that ended before their lifetime was
  /// over.
  case cutShort
  /// Client: connections held that a close phase closed, or a search on its way down.
  case closed
  /// Client: connections that either side closed where it did so in the recorded conversation.
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
  /// Client: messages that came where the server's known one was pushed, and were another. What stands
  /// between two whole messages counts as one.
  case pushedWrong
  case bytesReceived
  case bytesSent

  /// Nanoseconds after which a connection that was due counts as begun too late.
  package static let lateAfter: UInt64 = 1_000_000_000
}
