import Recording

extension String {
  /// Whether a terminal would obey a part of the text. None of runner's own texts may have such a part.
  var drivesTerminal: Bool { unicodeScalars.contains(where: \.isHostile) }
}
