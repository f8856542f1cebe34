/// The message patterns of a plan, not yet read. `Reader.patterns` reads them once it knows which
/// of them phases play: an included file may have more patterns than the plan needs.
struct MessageBook {
  /// Name and pattern as YAML, in the plan's order.
  private(set) var entries: [Item.Field] = []
  /// Whether a phase could not be read at all. It might play any pattern, so no pattern is reported as
  /// unused.
  var hasUnreadPhase = false

  func entry(named name: String) -> Item.Field? { entries.first { $0.key == name } }

  mutating func add(_ entry: Item.Field) { entries.append(entry) }
}

/// A name that stands somewhere in a plan.
struct PlacedName {
  var name: String
  var place: Place
}
