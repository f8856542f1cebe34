import Linux

/// A connection that is wanted: first by the schedule, then once more after each timeout.
struct WantedConnection {
  /// When the schedule wanted it.
  var due: Instant
  /// Its own, among all of the worker's.
  var number: UInt64
  var history = ConnectionHistory()
}
