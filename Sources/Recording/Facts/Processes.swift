/// How many worker processes play an end.
package enum Processes: Sendable, Equatable {
  /// As few as the descriptor limit allows, and at least what the rate needs.
  case auto
  case count(Int)
}
