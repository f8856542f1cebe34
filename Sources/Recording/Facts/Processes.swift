/// How many worker processes play an end.
package enum Processes: Sendable, Equatable {
  /// As few as the descriptor limit allows, but enough for the plan's rates, as far as there are processors.
  case auto
  case count(Int)
}
