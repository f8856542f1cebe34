import Recording

/// The user's text within a message: in quotes, short, and free of characters that would disturb a
/// terminal.
package func quoted(_ text: String) -> String {
  let longest = 60
  var shown = ""
  for scalar in text.unicodeScalars.prefix(longest) { shown += visible(scalar) }
  return "'\(shown)\(text.unicodeScalars.count > longest ? cutMark : "")'"
}

/// The text as `quoted` shows it, whole and without quotes.
func visible(_ text: String) -> String { text.unicodeScalars.map(visible).joined() }

private func visible(_ scalar: Unicode.Scalar) -> String {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
    _ where scalar.isHostile:
    "\\u{\(String(scalar.value, radix: 16))}"
  default: String(scalar)
  }
}

/// The end of a text that `quoted` has cut.
let cutMark = "…"

/// The text on one line, without characters that a terminal would obey: a plan may come from
/// anyone, and errors quote its words.
func harmless(_ text: String) -> String {
  String(String.UnicodeScalarView(text.unicodeScalars.map(harmless)))
}

/// The scalar, or a replacement character for one that a terminal would obey. A tab stays a tab.
func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: scalar == "\t" ? scalar : "\u{FFFD}"
  default: scalar.isHostile ? "\u{FFFD}" : scalar
  }
}

/// "a, b or c".
package func alternatives(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " or " + last
}

/// "a, b and c".
package func listed(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " and " + last
}

/// The known word that someone who wrote `word` most likely meant; nil when none is near.
func nearest(to word: String, of known: [String]) -> String? {
  let written = Array(word.lowercased().unicodeScalars)
  guard (1...40).contains(written.count) else { return nil }
  let candidates = known.map { ($0, distance(written, Array($0.lowercased().unicodeScalars))) }
  // One letter may always be wrong. More may be, up to three, as long as that is at most a third of
  // the letters: else any short word would be near any other.
  guard let best = candidates.min(by: { $0.1 < $1.1 }),
    best.1 <= max(1, min(3, max(written.count, best.0.count) / 3))
  else { return nil }
  return best.0
}

/// A hint that offers the nearest known word.
package func didYouMean(_ word: String, _ known: [String]) -> String? {
  nearest(to: word, of: known).map { "did you mean '\($0)'?" }
}

/// Optimal string alignment distance: insertions, deletions, replacements, neighbours swapped.
private func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
  guard !other.isEmpty else { return one.count }
  var before = [Int](repeating: 0, count: other.count + 1)
  var previous = Array(0...other.count)
  for row in 0..<one.count {
    var current = [row + 1]
    for column in 0..<other.count {
      let differs = one[row] == other[column] ? 0 : 1
      var best = min(previous[column] + differs, previous[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
        best = min(best, before[column - 1] + 1)
      }
      current.append(best)
    }
    (before, previous) = (previous, current)
  }
  return previous[other.count]
}
