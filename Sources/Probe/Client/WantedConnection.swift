import Linux

/// A connection that is to be begun: because the schedule says so, or again after a timeout.
struct WantedConnection {
  /// When it was due by the schedule, whichever attempt this is.
  var due: Instant
  /// Its number among all that this worker has begun, from 0.
  var number: UInt64
  var history = ConnectionHistory()
}
