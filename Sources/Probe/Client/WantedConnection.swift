import Linux

/// A connection that is to be begun: because the schedule says so, again after a timeout, or in the place of one
/// that was cut or lost.
struct WantedConnection {
  /// When it was due by the schedule, whichever attempt this is.
  var due: Instant
  /// Its number among all that this worker has begun, from 0.
  var number: UInt64
  var history = ConnectionHistory()
  /// Of a connection that comes back: 1 for the first attempt since it was cut or lost. 0 for any other.
  var attempt: UInt8 = 0
}
