/// Where something stands in a plan file; line and column from 1, columns in Unicode scalars as
/// libyaml counts them.
struct Place: Sendable, Hashable, Comparable {
  /// 0 for the plan itself. The YAML files that the plan names count from 1, in the order in which
  /// they are read.
  var file = 0
  var line: Int
  var column: Int

  static let start = Place(line: 1, column: 1)

  static func < (one: Place, other: Place) -> Bool {
    (one.file, one.line, one.column) < (other.file, other.line, other.column)
  }
}

/// The text of a plan, or of a YAML file that it names, by lines: an error shows the line that it is
/// about.
struct SourceText {
  /// The number of the file, as in `Place`.
  let file: Int
  private let lines: [Substring.UnicodeScalarView]

  init(_ text: String, file: Int = 0) {
    self.file = file
    lines = Self.split(text)
  }

  func line(_ number: Int) -> String {
    lines.indices.contains(number - 1) ? String(lines[number - 1]) : ""
  }

  /// The place of `word` in the line of `place`, at `place` or behind it; `place` itself when the
  /// line does not have the word there. That may be so for a word of a scalar at `place`: YAML folds
  /// several lines into one scalar.
  func find(_ word: String, from place: Place) -> Place {
    let wanted = Array(word.unicodeScalars)
    guard lines.indices.contains(place.line - 1), !wanted.isEmpty else { return place }
    let line = Array(lines[place.line - 1])
    guard place.column + wanted.count - 1 <= line.count else { return place }
    for start in (place.column - 1)...(line.count - wanted.count)
    where line[start..<start + wanted.count].elementsEqual(wanted) {
      return Place(file: file, line: place.line, column: start + 1)
    }
    return place
  }

  /// The first place of a text of one line, outside comment lines; nil where it stands nowhere.
  func firstPlace(of words: String) -> Place? {
    for (index, line) in lines.enumerated() where line.first(where: { $0 != " " }) != "#" {
      let start = Place(file: file, line: index + 1, column: 1)
      let place = find(words, from: start)
      // `find` answers the start both where the words stand there and where they stand nowhere.
      if place != start || String(line).hasPrefix(words) { return place }
    }
    return nil
  }

  /// The first scalar that no plan may hold, and its place. A placeholder of `HiddenCharacters` is
  /// forbidden as an escape `\U`, too.
  func firstForbidden() -> (scalar: Unicode.Scalar, place: Place)? {
    for (index, line) in lines.enumerated() {
      let isSuspect = line.contains { Self.isForbidden($0) || $0 == "\\" }
      guard isSuspect, let (scalar, column) = Self.firstForbidden(in: line) else { continue }
      return (scalar, Place(file: file, line: index + 1, column: column))
    }
    return nil
  }

  private static func firstForbidden(
    in line: Substring.UnicodeScalarView
  ) -> (scalar: Unicode.Scalar, column: Int)? {
    // Whether a backslash stands before the next scalar and gives it a meaning.
    var isEscaped = false
    for (column, scalar) in zip(1..., line) {
      if isForbidden(scalar) { return (scalar, column) }
      if isEscaped, scalar == "U", let hidden = escapedPrivateUse(in: line, after: column) {
        return (hidden, column - 1)
      }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return nil
  }

  /// The scalar that the eight digits of an escape `\U` stand for, if `HiddenCharacters` would take
  /// it for one of its placeholders.
  private static func escapedPrivateUse(
    in line: Substring.UnicodeScalarView, after column: Int
  ) -> Unicode.Scalar? {
    let digits = String(Substring(line.dropFirst(column).prefix(8)))
    guard digits.utf8.count == 8, let value = UInt32(digits, radix: 16),
      value >= HiddenCharacters.first
    else {
      return nil
    }
    return Unicode.Scalar(value)
  }

  /// The place of the first bytes that are not UTF-8; the start where all are. A replacement character does not tell
  /// it: the text may have one of its own.
  static func firstInvalid(in bytes: [UInt8], file: Int = 0) -> Place {
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var count = 0
    while case .valid(let scalar) = parser.parseScalar(from: &rest) { count += scalar.count }
    guard count < bytes.count else { return Place(file: file, line: 1, column: 1) }
    let lines = split(String(decoding: bytes[..<count], as: UTF8.self))
    return Place(file: file, line: lines.count, column: (lines.last?.count ?? 0) + 1)
  }

  /// Whether libyaml refuses a scalar, as it refuses most control characters, or `HiddenCharacters`
  /// uses the scalar as a placeholder.
  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x85: false
    case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: true
    case HiddenCharacters.first...: true
    default: false
    }
  }

  /// Splits at the line breaks of YAML 1.1, so that lines have the numbers that the parser gives.
  private static func split(_ text: String) -> [Substring.UnicodeScalarView] {
    var lines: [Substring.UnicodeScalarView] = []
    let scalars = text.unicodeScalars
    var start = scalars.startIndex
    var index = start
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      switch scalar.value {
      case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
        lines.append(scalars[start..<index])
        let isPair = scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n"
        start = isPair ? scalars.index(after: next) : next
        index = start
      default:
        index = next
      }
    }
    lines.append(scalars[start...])
    return lines
  }
}
