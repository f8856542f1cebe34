import Recording

extension String {
  /// Whether the text has a character that a terminal would obey (`isHostile`). No text that runner shows may
  /// have one.
  var drivesTerminal: Bool { unicodeScalars.contains(where: \.isHostile) }
}
