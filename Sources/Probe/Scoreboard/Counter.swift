/// What a worker counts. The raw value is the place of the counter on its scoreboard.
package enum Counter: Int, CaseIterable, Sendable {
  /// A `WorkerState`.
  case state
  /// Client: the number of the last order that the worker has carried out; see `Scoreboard.Command`.
  case settledOrder
  /// Client: the number of the last order by which the worker has cut all that it was to cut.
  case cutOrder

  // Connections now.
  /// Client: connections whose handshake has finished and that have not ended. Server: connections that were accepted
  /// from the run's own sources, not from an ephemeral port, and have not ended.
  case held
  /// Server: as `held`, but from an ephemeral port. Other programs' connections may be among them.
  case ephemeralHeld
  /// Client: handshakes under way.
  case connecting
  /// Server: connections that were accepted from elsewhere and have not ended.
  case strangersHeld
  /// Client: connections that are gone and wait for their next attempt.
  case returning

  // Counted since the worker started, but for `limited` and `unanswered`.
  /// Client: connections begun, with those that failed at once. Each counts once, however often its
  /// handshake was tried. Server: connections accepted from the run's own sources, and not from an
  /// ephemeral port.
  case opened
  /// Client: handshakes begun from an ephemeral port. Server: connections accepted from the run's
  /// own sources and such a port.
  case ephemeral
  /// Server: connections accepted from elsewhere. Their ends (`closedByPeer`) and their bytes are
  /// counted with those of the other connections. Nothing else that they do is counted.
  case strangers
  /// Client: handshakes begun because the same connection's previous handshake had timed out.
  case retried
  /// Client: handshakes that finished.
  case established
  /// Connections that were held and that this end did not choose to close: the peer closed or reset
  /// them, or they broke. Each counts once, however its end was noticed.
  case closedByPeer
  /// Failures of every kind; `Scoreboard.failures` tells the kinds apart.
  case failures
  /// Client: tuples of source and endpoint that could not be used, as something else on the host or
  /// TIME_WAIT held them, or as source and endpoint are the same. Each counts once.
  case portsSkipped
  /// Client: connections of a churn that were begun more than `lateAfter` after they were due, and
  /// lived to their planned or recorded end. Connections that failed or were lost are not among
  /// them.
  case lateArrivals
  /// Client: turns in which a connection was due and had no room, because earlier ones had not ended in time.
  case crowded
  /// Client: turns in which a connection was due and had to wait, because as many handshakes of TLS were under way
  /// as may be.
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
  /// Client: of those in `churned` or `closedAsRecorded`, the ones whose lifetime was not over when their churn ended.
  case cutShort
  /// Client: established connections that a close phase closed, or a search on its way down.
  case closed
  /// Client: connections held that a storm cut.
  case dropped
  /// Client: connections that were established in the place of one that was cut or lost.
  case reconnected
  /// Client: connections that were to come back and were not tried once when their phase was over: the backoff of
  /// `leftWaiting` was not over, that of `leftDue` was.
  case leftWaiting, leftDue
  /// Client: connections that either side closed where it did so in the recorded conversation.
  case closedAsRecorded
  /// Client: connections held now that sent a message that wants an answer, and never got one.
  case unanswered
  /// Client: how often a connection had to wait after a wrong answer, until no more bytes came.
  case waits
  /// Client: connections on which something came that nobody had asked for.
  case unasked
  /// Client: bytes that came while no answer was expected.
  case unexpectedBytes
  /// Server: messages pushed to a connection. Client: pushed messages that came whole.
  case pushed
  /// Client: messages that came instead of the one that the server is known to push. All that comes between two
  /// whole messages counts as one.
  case pushedWrong
  case bytesReceived
  case bytesSent
  /// Handshakes of TLS that finished, and those among them that resumed a session.
  case secured, resumed

  /// Nanoseconds after which a connection that was due counts as begun too late, and after whose end a
  /// phase's messages are not sent any more.
  package static let lateAfter: UInt64 = 1_000_000_000
}
