/// The message patterns of a plan, still as YAML. `Reader.patterns` reads them when all phases are
/// known. It reads those that phases play and those of the plan's own file: an included file may
/// have more patterns than the plan needs.
struct MessageBook {
  /// Each pattern under its name, in the plan's order.
  private(set) var entries: [Item.Field] = []
  /// Whether a phase could not be read at all. It might play any pattern, so no pattern is reported as
  /// unused.
  var hasUnreadPhase = false

  func entry(named name: String) -> Item.Field? { entries.first { $0.key == name } }

  mutating func add(_ entry: Item.Field) { entries.append(entry) }
}

/// A name in a plan, and its place, at which errors about the name point.
struct PlacedName {
  var name: String
  var place: Place
}
