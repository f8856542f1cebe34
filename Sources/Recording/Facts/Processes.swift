/// How many worker processes play an end.
package enum Processes: Sendable, Equatable {
  /// As few as the descriptor limit allows, but enough for the rate.
  case auto
  case count(Int)
}
