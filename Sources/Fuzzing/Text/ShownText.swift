import Recording

extension String {
  /// Whether the text has a character that runner never shows as it stands (`isHostile`).
  var drivesTerminal: Bool { unicodeScalars.contains(where: \.isHostile) }
}
