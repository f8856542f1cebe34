/// A phase with the places that its cross checks point at.
struct PlacedPhase {
  /// Nil when something is wrong with the phase; thresholds may use its name all the same.
  var phase: Phase?
  var name: String
  /// Where the plan says how many connections the phase asks for.
  var goalPlace: Place?
  var messages: [PlacedName]
  var thresholds: [Threshold]
}
