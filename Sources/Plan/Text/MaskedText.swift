import Recording
import WorkerLog

/// A text that repeats what a peer said, from which values are taken that may be secrets.
///
/// A value is found as it is and in each form that texts of a run give to what was said (`forms`). It is found cut as
/// well, where what was said may be cut: workers keep so many bytes of it, and a read may begin or end within a value.
///
/// The text is indexed, and each value is looked up in it once: there may be a million of them.
struct MaskedText {
  /// The shortest value, or part of one, that is taken out, in bytes: shorter ones stand in many words by chance.
  static let shortest = 6
  /// The longest text, in bytes, that is looked through for parts of values: several times what is kept of a peer's words.
  static let longest = 16 * 1024
  /// The shortest part of a value, in bytes, that is taken out where both of its sides may have been cut: a shorter one
  /// stands in some value by chance where there are many.
  private static let shortestWithin = 12

  /// Where what a peer said stands in a text.
  enum Place {
    /// The text is what was said. At its end it may have a quotation mark: a note of a protocol quotes.
    case alone
    /// It stands in quotation marks among own words, with escapes.
    case quoted
  }

  private let text: [UInt8]
  private var places: [UInt64: [Int]] = [:]
  /// Where a text may begin that was cut in front, and end that was cut behind.
  private var begins: Set<Int> = []
  private var ends: Set<Int> = []
  /// Parts of the text that may be cut at both sides.
  private var parts: [Range<Int>] = []
  /// Whether anything in the text may have been escaped, or was no UTF-8.
  private let mayHaveForms: Bool
  private var found: [Int: (count: Int, number: Int)] = [:]

  init(_ text: [UInt8], _ place: Place) {
    self.text = text
    mayHaveForms =
      text.contains(UInt8(ascii: "\\"))
      || String(decoding: text, as: UTF8.self).unicodeScalars.contains("\u{FFFD}")
    guard text.count >= Self.shortest else { return }
    for place in 0...(text.count - Self.shortest) {
      places[Self.key(text[place..<place + Self.shortest]), default: []].append(place)
    }
    switch place {
    case .alone:
      let isClosed = text.last == UInt8(ascii: "\"")
      if isClosed { addPart(0..<text.count - 1) }
      addPart(0..<text.count)
    case .quoted: findQuotedParts()
    }
  }

  /// Escaped quotation marks part nothing.
  private mutating func findQuotedParts() {
    var begin: Int?
    var place = 0
    while place < text.count {
      let rest = text[place...]
      if rest.first == UInt8(ascii: "\\") {
        // A cut may have left no more of an escape than this.
        place += Self.lengthOfMark(rest.dropFirst()) > 1 ? 1 : 2
        continue
      }
      let length = Self.lengthOfMark(rest)
      if length > 0 {
        if let begin { addPart(begin..<place) } else { addEnd(place) }
        begin = place + length
      }
      place += max(1, length)
    }
    addEnd(text.count)
  }

  /// How long what ends a quotation, or marks a cut, is that `text` begins with; 0 for other texts.
  private static func lengthOfMark(_ text: ArraySlice<UInt8>) -> Int {
    if text.first == UInt8(ascii: "\"") { return 1 }
    return cutMarks.first(where: text.starts)?.count ?? 0
  }

  private static let cutMarks = [Array(cutMark.utf8), Array("...".utf8)]

  private mutating func addPart(_ part: Range<Int>) {
    let (begin, end) = (addBegin(part.lowerBound), addEnd(part.upperBound))
    for part in [part, begin..<max(begin, end)]
    where part.count >= Self.shortest && !parts.contains(part) { parts.append(part) }
  }

  /// Adds the places around what a character has left of which the first bytes were cut away; returns the last one.
  @discardableResult
  private mutating func addBegin(_ place: Int) -> Int {
    var place = place
    begins.insert(place)
    while let count = Self.lengthOfRemains(text[place...].prefix(4)) {
      place += count
      begins.insert(place)
    }
    return place
  }

  /// Adds the places around what a character has left of which the last bytes were cut away; returns the first one.
  @discardableResult
  private mutating func addEnd(_ place: Int) -> Int {
    var place = place
    ends.insert(place)
    for _ in 0..<3 {
      guard
        let count = [3, 4].first(where: {
          Self.lengthOfRemains(text[..<place].suffix($0)) == $0
        })
      else { break }
      place -= count
      ends.insert(place)
    }
    return place
  }

  /// How long the escape of a byte, or the replacement character, is that `text` begins with; nil for other texts.
  private static func lengthOfRemains(_ text: ArraySlice<UInt8>) -> Int? {
    if text.starts(with: "\u{FFFD}".utf8) { return 3 }
    return text.count == 4 && text.starts(with: "\\x".utf8) ? 4 : nil
  }

  // MARK: Values

  /// Looks a value up in each of its forms.
  ///
  /// - Parameter number: stands for the value in `masked`.
  mutating func look(for value: UnsafeRawBufferPointer, _ number: Int) {
    guard value.count >= Self.shortest, text.count >= Self.shortest else { return }
    if unsafe mayStandInText(value) { unsafe lookUp(Array(value), number) }
    guard mayHaveForms, unsafe value.contains(where: Self.mayBeEscaped) else { return }
    for form in unsafe Self.forms(Array(value)) { lookUp(form, number) }
  }

  /// How a value with characters that texts escape stands in them, besides as it is.
  private static func forms(_ value: [UInt8]) -> Set<[UInt8]> {
    let inWords = QuotedText.inner(value)
    return [
      inWords, EscapedText.inner(value),
      // A protocol's note is quoted twice.
      EscapedText.inner(inWords),
      // In errors of the plan.
      Array(visible(String(decoding: value, as: UTF8.self)).utf8),
    ]
  }

  private static func mayBeEscaped(_ byte: UInt8) -> Bool {
    !(0x20..<0x7F).contains(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  /// Costs less than an array of the value, as there may be a million of them.
  private func mayStandInText(_ value: UnsafeRawBufferPointer) -> Bool {
    unsafe places[Self.key(value.prefix(Self.shortest))] != nil
      || places[Self.key(value.suffix(Self.shortest))] != nil
      || parts.contains { Self.mayBeWithin($0, value.count) }
  }

  private mutating func lookUp(_ value: [UInt8], _ number: Int) {
    for place in places[Self.key(value.prefix(Self.shortest))] ?? [] {
      var alike = Self.shortest
      while alike < value.count, place + alike < text.count, value[alike] == text[place + alike] {
        alike += 1
      }
      let count =
        alike == value.count
        ? alike : (Self.shortest..<alike + 1).last { ends.contains(place + $0) }
      if let count { note(place, count, number) }
    }
    for place in places[Self.key(value.suffix(Self.shortest))] ?? [] {
      let end = place + Self.shortest
      var alike = Self.shortest
      while alike < value.count, alike < end,
        value[value.count - 1 - alike] == text[end - 1 - alike]
      { alike += 1 }
      if let begin = (end - alike..<place + 1).first(where: begins.contains) {
        note(begin, end - begin, number)
      }
    }
    for part in parts where Self.mayBeWithin(part, value.count) && Self.has(value, text[part]) {
      note(part.lowerBound, part.count, number)
    }
  }

  /// Whether a part of the text is long enough to be what two cuts have left of a value of so many bytes.
  private static func mayBeWithin(_ part: Range<Int>, _ count: Int) -> Bool {
    part.count < count && part.count >= shortestWithin
  }

  private mutating func note(_ place: Int, _ count: Int, _ number: Int) {
    if count > found[place]?.count ?? 0 { found[place] = (count, number) }
  }

  private static func has(_ value: [UInt8], _ part: ArraySlice<UInt8>) -> Bool {
    guard let first = part.first else { return false }
    for place in 0...(value.count - part.count)
    where value[place] == first && value[place..<place + part.count] == part { return true }
    return false
  }

  /// The first bytes of a value as a number.
  private static func key(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The text with a name in place of each value that was found. Of values that begin at the same place the longest one
  /// is named, and of those that overlap each one.
  func masked(_ name: (Int) -> String) -> [UInt8] {
    guard !found.isEmpty else { return text }
    var masked: [UInt8] = []
    var hiddenUntil = 0
    for place in text.indices {
      if let (count, number) = found[place], place + count > hiddenUntil {
        masked += Array(name(number).utf8)
        hiddenUntil = place + count
      }
      if place >= hiddenUntil { masked.append(text[place]) }
    }
    return masked
  }
}
