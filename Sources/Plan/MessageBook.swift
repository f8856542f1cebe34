import Messages

/// The patterns that a plan names, as they are found in it.
struct MessageBook {
  struct Entry {
    var name: String
    var place: Place
    /// Nil when something is wrong with it; it still has a name that phases may use.
    var pattern: MessagePattern?
  }

  /// What the server does with a message; nil when it could not be read.
  let reply: ServerReply?
  private(set) var entries: [Entry] = []
  /// Whether a phase could not be read at all, so that nobody knows what it would have played.
  var mayBePlayedElsewhere = false

  init(reply: ServerReply?) {
    self.reply = reply
  }

  func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  mutating func add(_ entry: Entry) { entries.append(entry) }
}

/// A name that stands somewhere in a plan.
struct PlacedName {
  var name: String
  var place: Place
}
