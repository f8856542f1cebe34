/// A phase as it was read, with the places at which errors from cross checks point.
struct PlacedPhase {
  /// Nil when something is wrong with the phase; thresholds may use its name all the same.
  var phase: Phase?
  var name: String
  /// Where the plan says how many connections the phase opens; nil for a phase that opens none.
  var goalPlace: Place?
  /// Names of the message patterns that the phase plays.
  var messages: [PlacedName]
  /// The thresholds that the phase has of its own.
  var thresholds: [Threshold]
}
