/// A parsed POSIX extended regular expression.
///
/// The parser takes what POSIX defines, and what other dialects write for sets and for white space (`\d`, `\n`).
/// It refuses whatever else has a meaning in other dialects (`\b`, `\1`, `(?i)`, `*?`): POSIX would
/// take it for something else, and nobody would notice.
indirect enum Expression: Sendable, Equatable {
  case empty
  /// One byte of a set.
  case byte(ByteSet)
  /// `^`: the start of all bytes.
  case start
  /// `$`: the end of all bytes.
  case end
  case sequence([Expression])
  case either([Expression])
  /// From `least` to `most` times; without an upper bound where `most` is nil.
  case repeated(Expression, least: Int, most: Int?)

  init(_ text: String) throws(BytePattern.Invalid) {
    self = try Self.parsed(text).expression
  }

  /// The text of a valid expression in pure POSIX, for the C library: without `\d` and the like.
  static func posix(_ text: String) -> String {
    var posix: [UInt8] = []
    var rest = Array(text.utf8)[...]
    // Brackets need no care: `checkBackslash` refuses a letter after a backslash there.
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
        posix.append(byte)
        continue
      }
      if let set = ExpressionParser.posixSets[next] {
        posix += Array(set.utf8)
      } else {
        posix += [byte, next]
      }
    }
    return String(decoding: posix, as: UTF8.self)
  }

  /// As `init`. Also says whether the first parentheses are repeated: then the C library tells only what they
  /// matched last.
  static func parsed(
    _ text: String
  ) throws(BytePattern.Invalid) -> (expression: Expression, repeatsFirstGroup: Bool) {
    var parser = ExpressionParser(text)
    let expression = try parser.parse()
    return (expression, parser.repeatsFirstGroup)
  }
}

/// Reads an expression once, from left to right.
private struct ExpressionParser {
  /// What each letter after a backslash stands for: a bracket expression, or one byte.
  static let posixSets: [UInt8: String] = [
    UInt8(ascii: "d"): "[0-9]", UInt8(ascii: "D"): "[^0-9]",
    UInt8(ascii: "w"): "[[:alnum:]_]", UInt8(ascii: "W"): "[^[:alnum:]_]",
    UInt8(ascii: "s"): "[[:space:]]", UInt8(ascii: "S"): "[^[:space:]]",
    UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
  ]

  /// As RE_DUP_MAX of the C library.
  private static let mostRepetitions = 32767
  /// The most parentheses in each other. The parser calls itself for each, so this bounds its stack.
  private static let deepest = 100

  private var rest: ArraySlice<UInt8>
  private var depth = 0
  private var groups = 0
  private(set) var repeatsFirstGroup = false

  init(_ text: String) { rest = Array(text.utf8)[...] }

  mutating func parse() throws(BytePattern.Invalid) -> Expression {
    let expression = try alternatives()
    guard rest.isEmpty else { throw BytePattern.Invalid(reason: "Unmatched )") }
    return expression
  }

  private mutating func alternatives() throws(BytePattern.Invalid) -> Expression {
    var all = [try sequence()]
    while rest.first == UInt8(ascii: "|") {
      rest.removeFirst()
      all.append(try sequence())
    }
    return all.count == 1 ? all[0] : .either(all)
  }

  private mutating func sequence() throws(BytePattern.Invalid) -> Expression {
    var parts: [Expression] = []
    while let byte = rest.first, byte != UInt8(ascii: "|") {
      if byte == UInt8(ascii: ")"), depth > 0 { break }
      rest.removeFirst()
      let before = groups
      let (part, mayRepeat) = try atom(byte)
      let hasFirstGroup = before == 0 && groups > 0
      parts.append(try repeated(part, mayRepeat, hasFirstGroup))
    }
    return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func atom(
    _ byte: UInt8
  ) throws(BytePattern.Invalid) -> (Expression, mayRepeat: Bool) {
    switch byte {
    case UInt8(ascii: "^"): return (.start, false)
    case UInt8(ascii: "$"): return (.end, false)
    case UInt8(ascii: "."): return (.byte(.all), true)
    case UInt8(ascii: "["): return (.byte(try bracket()), true)
    case UInt8(ascii: "("):
      guard rest.first != UInt8(ascii: "?") else {
        throw BytePattern.Invalid(
          reason: "POSIX has no '(?': parentheses only group",
          hint: "it looks neither ahead nor back, and has no flags: write out what is meant")
      }
      groups += 1
      depth += 1
      guard depth <= Self.deepest else {
        throw BytePattern.Invalid(reason: "more than \(Self.deepest) parentheses in each other")
      }
      let inner = try alternatives()
      guard rest.popFirst() == UInt8(ascii: ")") else {
        throw BytePattern.Invalid(reason: "Unmatched (")
      }
      depth -= 1
      return (inner, true)
    case UInt8(ascii: "\\"):
      guard let next = rest.popFirst() else {
        throw BytePattern.Invalid(reason: "Trailing backslash")
      }
      if let set = Self.posixSets[next] { return (.byte(try Self.set(set)), true) }
      // POSIX defines a backslash before punctuation only. Some of these pairs, such as `\<`, have a meaning of
      // their own in the C library.
      guard ByteSet(class: "punct")?.contains(next) == true, !"<>`'".utf8.contains(next) else {
        throw BytePattern.Invalid(
          reason: "POSIX has no '\\\(String(decoding: [next], as: UTF8.self))'",
          hint: "besides punctuation only d, w, s, D, W, S, n, r and t stand after a backslash; "
            + "sets are written as [0-9a-f]")
      }
      return (.byte(ByteSet([next])), true)
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      throw BytePattern.Invalid(reason: "nothing stands before a repetition")
    default: return (.byte(ByteSet([byte])), true)
    }
  }

  private static func set(_ text: String) throws(BytePattern.Invalid) -> ByteSet {
    guard text.first == "[" else { return ByteSet(text.utf8) }
    var parser = ExpressionParser(String(text.dropFirst()))
    return try parser.bracket()
  }

  private mutating func repeated(
    _ part: Expression, _ mayRepeat: Bool, _ hasFirstGroup: Bool
  ) throws(BytePattern.Invalid) -> Expression {
    var part = part
    var isRepeated = false
    while let byte = rest.first {
      // In other dialects a second sign makes a repetition lazy (`*?`) or possessive (`*+`).
      if isRepeated, "?+".utf8.contains(byte) {
        throw BytePattern.Invalid(
          reason: "POSIX has no repetition that is lazy or possessive",
          hint: "only whether there is a match counts, not how long it is: leave out the second "
            + "of the two signs")
      }
      let bounds: (least: Int, most: Int?)
      switch byte {
      case UInt8(ascii: "*"): bounds = (0, nil)
      case UInt8(ascii: "+"): bounds = (1, nil)
      case UInt8(ascii: "?"): bounds = (0, 1)
      case UInt8(ascii: "{"): bounds = try interval()
      default: return part
      }
      if byte != UInt8(ascii: "{") { rest.removeFirst() }
      guard mayRepeat else {
        throw BytePattern.Invalid(reason: "nothing that can be repeated stands before a repetition")
      }
      if hasFirstGroup, bounds.most ?? 2 > 1 { repeatsFirstGroup = true }
      part = .repeated(part, least: bounds.least, most: bounds.most)
      isRepeated = true
    }
    return part
  }

  /// `{m}`, `{m,}`, `{m,n}`, and the C library's `{,n}`.
  private mutating func interval() throws(BytePattern.Invalid) -> (least: Int, most: Int?) {
    let invalid = BytePattern.Invalid(reason: "Invalid content of \\{\\}")
    let body = rest.dropFirst().prefix { $0 != UInt8(ascii: "}") }
    rest = rest.dropFirst(body.count + 1)
    guard rest.popFirst() != nil else { throw BytePattern.Invalid(reason: "Unmatched {") }
    let bounds = body.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    var numbers: [Int?] = []
    for bound in bounds {
      let isNumber = bound.allSatisfy { (0x30...0x39).contains($0) } && bound.count <= 5
      guard isNumber else { throw invalid }
      numbers.append(Int(String(decoding: bound, as: UTF8.self)))
    }
    guard (1...2).contains(numbers.count), numbers != [nil], numbers != [nil, nil] else {
      throw invalid
    }
    let least = numbers[0] ?? 0
    let most = numbers.count == 1 ? least : numbers[1]
    guard max(least, most ?? 0) <= Self.mostRepetitions, least <= most ?? least else {
      throw invalid
    }
    return (least, most)
  }

  // MARK: Brackets

  /// The set of `[...]`, whose first bracket has been read.
  private mutating func bracket() throws(BytePattern.Invalid) -> ByteSet {
    var set = ByteSet()
    let isInverted = rest.first == UInt8(ascii: "^")
    if isInverted { rest.removeFirst() }
    var isFirst = true
    while true {
      guard let byte = rest.popFirst() else {
        throw BytePattern.Invalid(reason: "Unmatched [, [^, [:, [., or [=")
      }
      // A `]` stands for itself where it comes first.
      if byte == UInt8(ascii: "]"), !isFirst { break }
      isFirst = false
      if byte == UInt8(ascii: "\\") { try checkBackslash() }
      if byte == UInt8(ascii: "["), let kind = rest.first, ":.=".utf8.contains(kind) {
        set.formUnion(try named(kind))
      } else if rest.first == UInt8(ascii: "-"), rest.dropFirst().first != UInt8(ascii: "]") {
        rest.removeFirst()
        set.formUnion(try range(from: byte))
      } else {
        set.insert(byte)
      }
    }
    return isInverted ? set.inverted : set
  }

  /// In brackets a backslash stands for itself, which few know: refuses what looks like an escape.
  private func checkBackslash() throws(BytePattern.Invalid) {
    guard let next = rest.first,
      next == UInt8(ascii: "]") || ByteSet(class: "alnum")?.contains(next) == true
    else { return }
    throw BytePattern.Invalid(
      reason: "in brackets a backslash stands for itself",
      hint: "write sets as they are, [0-9[:alpha:]_]; ']' stands first, and a backslash anywhere "
        + "but before it or a letter")
  }

  private mutating func named(_ kind: UInt8) throws(BytePattern.Invalid) -> ByteSet {
    let name = rest.dropFirst().prefix { (0x61...0x7A).contains($0) }
    let text = String(decoding: name, as: UTF8.self)
    rest = rest.dropFirst(1 + name.count)
    guard kind == UInt8(ascii: ":"), rest.starts(with: ":]".utf8), let set = ByteSet(class: text)
    else { throw BytePattern.Invalid(reason: "Invalid character class name") }
    rest = rest.dropFirst(2)
    return set
  }

  private mutating func range(from first: UInt8) throws(BytePattern.Invalid) -> ByteSet {
    // The end of a range may not be the start of a named set, nor a byte that is not ASCII.
    guard let last = rest.popFirst(), first <= last, last < 0x80,
      last != UInt8(ascii: "[") || !(rest.first.map { ":.=".utf8.contains($0) } ?? true)
    else { throw BytePattern.Invalid(reason: "Invalid range end") }
    if last == UInt8(ascii: "\\") { try checkBackslash() }
    return ByteSet(first...last)
  }
}
