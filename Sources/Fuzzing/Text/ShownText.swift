import Recording

extension String {
  /// Whether a terminal would obey a part of it, which no text of ours ever asks for.
  var drivesTerminal: Bool { unicodeScalars.contains(where: \.isHostile) }
}
