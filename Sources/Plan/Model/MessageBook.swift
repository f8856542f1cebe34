/// The patterns that a plan names, as they are found in it. They are read when it is known which
/// of them are played: an included file may have more than a plan needs.
struct MessageBook {
  /// Name and pattern as they stand in the plan, in its order.
  private(set) var entries: [Item.Field] = []
  /// Whether a phase could not be read at all, so that nobody knows what it would have played.
  var mayBePlayedElsewhere = false

  func entry(named name: String) -> Item.Field? { entries.first { $0.key == name } }

  mutating func add(_ entry: Item.Field) { entries.append(entry) }
}

/// A name that stands somewhere in a plan.
struct PlacedName {
  var name: String
  var place: Place
}
