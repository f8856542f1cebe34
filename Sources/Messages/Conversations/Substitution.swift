/// Replaces bytes wherever they stand in a conversation.
package struct Substitution: Sendable, Equatable {
  /// Never empty.
  package var old: [UInt8]
  package var new: MessageTemplate

  package init(old: [UInt8], new: MessageTemplate) {
    self.old = old
    self.new = new
  }
}

/// Carries out several substitutions at once. At every place it replaces the longest `old` that stands there. It
/// does not search what it has put in.
struct Substituter {
  /// Indices in `substitutions` by the first byte of `old`, the longest `old` first.
  private let candidates: [[Int]]
  private let substitutions: [Substitution]
  /// Indices of the substitutions that have found nothing to replace so far.
  private(set) var unused: Set<Int>
  /// Bytes that further templates may still have.
  private var room = MessageTemplate.mostBytes

  init(_ substitutions: [Substitution]) {
    self.substitutions = substitutions
    unused = Set(substitutions.indices)
    var candidates = [[Int]](repeating: [], count: substitutions.isEmpty ? 0 : 256)
    let longestFirst = substitutions.indices.sorted {
      substitutions[$0].old.count > substitutions[$1].old.count
    }
    for index in longestFirst { candidates[Int(substitutions[index].old[0])].append(index) }
    self.candidates = candidates
  }

  /// Templates of all that one side says, with everything replaced, and with the lengths of what it is replaced in.
  mutating func templates(
    of speech: Speech, _ lengths: WrittenLengths
  ) throws(ConversationPattern.Flaw) -> [[MessageTemplate]] {
    let edits = candidates.isEmpty ? [] : try edits(of: speech, lengths)
    var next = edits[...]
    var templates: [[MessageTemplate]] = []
    for item in speech.items {
      var texts: [MessageTemplate] = []
      for range in item {
        let count = next.prefix { $0.range.lowerBound < range.upperBound }.count
        texts.append(try template(of: range, in: speech, next.prefix(count)))
        next = next.dropFirst(count)
      }
      templates.append(texts)
    }
    return templates
  }

  /// Bytes of what is said, and what comes in their place.
  private struct Edit {
    var range: Range<Int>
    var parts: [MessageTemplate.Part]
    /// The index of the substitution.
    var index: Int

    /// Whether lengths that nobody adapts stay right: the new text is always as long as the old one, or the old one has
    /// all of the range in it, so that the new one has its lengths.
    func keepsLengths(in closed: Range<Int>) -> Bool {
      if range.lowerBound <= closed.lowerBound, range.upperBound >= closed.upperBound {
        return true
      }
      var count = 0
      for part in parts {
        guard case .bytes(let bytes) = part else { return false }
        count += bytes.count
      }
      return count == range.count
    }
  }

  private mutating func template(
    of range: Range<Int>, in speech: Speech, _ edits: ArraySlice<Edit>
  ) throws(ConversationPattern.Flaw) -> MessageTemplate {
    var pieces: [MessageTemplate] = []
    var place = range.lowerBound
    for edit in edits {
      pieces.append(MessageTemplate(bytes: Array(speech.bytes[place..<edit.range.lowerBound])))
      pieces.append(MessageTemplate(parts: edit.parts))
      place = edit.range.upperBound
    }
    pieces.append(MessageTemplate(bytes: Array(speech.bytes[place..<range.upperBound])))
    room -= pieces.reduce(0) { $0 + $1.longest }
    guard room >= 0 else { throw .tooLong }
    return MessageTemplate(joining: pieces)
  }

  /// All that is replaced in a speech, in order.
  private mutating func edits(
    of speech: Speech, _ lengths: WrittenLengths
  ) throws(ConversationPattern.Flaw) -> [Edit] {
    var matches: [Edit] = []
    for (place, item) in speech.items.enumerated() where !speech.continued.contains(place) {
      guard speech.continued.contains(place + 1) else {
        for (index, range) in item.enumerated() {
          try find(in: speech.bytes[range], followsAnything: index > 0, &matches)
        }
        continue
      }
      var end = place + 1
      while speech.continued.contains(end) { end += 1 }
      try find(inPieces: speech.items[place..<end].map { $0[0] }, of: speech, &matches)
    }
    for range in lengths.closed {
      for match in matches.overlapping(range, by: \.range) where !match.keepsLengths(in: range) {
        throw .inProperty(match.index)
      }
    }
    var edits = matches
    for length in lengths.found {
      if let edit = try edit(of: length, around: matches, in: speech) { edits.append(edit) }
    }
    return edits.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// Finds what is replaced in texts that stand one behind the other, also what stands in several of them: the new text
  /// takes the place of its first piece.
  private mutating func find(
    inPieces texts: [Range<Int>], of speech: Speech, _ matches: inout [Edit]
  ) throws(ConversationPattern.Flaw) {
    guard let first = texts.first, let last = texts.last else { return }
    var found: [Edit] = []
    try find(
      in: speech.bytes[first.lowerBound..<last.upperBound], followsAnything: false, &found)
    for edit in found {
      let pieces = texts.overlapping(edit.range) { $0 }.map { edit.range.clamped(to: $0) }
      for (number, range) in pieces.enumerated() {
        matches.append(Edit(range: range, parts: number == 0 ? edit.parts : [], index: edit.index))
      }
    }
  }

  private mutating func find(
    in text: ArraySlice<UInt8>, followsAnything: Bool, _ matches: inout [Edit]
  ) throws(ConversationPattern.Flaw) {
    var rest = text
    while !rest.isEmpty {
      guard let index = substitution(atStartOf: rest) else {
        rest.removeFirst()
        continue
      }
      let (old, new) = (substitutions[index].old, substitutions[index].new)
      unused.remove(index)
      if followsAnything, rest.startIndex == text.startIndex {
        guard case .bytes? = new.parts.first else { throw .endless(index) }
      }
      matches.append(
        Edit(
          range: rest.startIndex..<rest.startIndex + old.count, parts: new.parts, index: index))
      rest = rest.dropFirst(old.count)
    }
  }

  /// The index of the substitution that replaces what `rest` begins with; nil where none does.
  private func substitution(atStartOf rest: ArraySlice<UInt8>) -> Int? {
    candidates[Int(rest[rest.startIndex])].first { rest.starts(with: substitutions[$0].old) }
  }

  // MARK: Lengths

  /// The new length, where something is replaced in what it counts. Nil where the length stays as it is: also where
  /// a part of it is replaced, or where what is replaced goes beyond what it counts: then the old text has the
  /// protocol's own bytes in it, and the new one is to have them as well. No length is known of what may be anything.
  private func edit(
    of length: WrittenLength, around matches: [Edit], in speech: Speech
  ) throws(ConversationPattern.Flaw) -> Edit? {
    let (place, content) = (length.place, length.content)
    let inside = matches.overlapping(content, by: \.range)
    guard let first = inside.first, let last = inside.last,
      first.range.lowerBound >= content.lowerBound, last.range.upperBound <= content.upperBound,
      matches.overlapping(place, by: \.range).isEmpty,
      speech.isOneText(place), !speech.mayBeAnything(in: content)
    else { return nil }
    let removed = inside.reduce(0) { $0 + $1.range.count }
    let counted = MessageTemplate.Part.length(of: inside.flatMap(\.parts), form: length.form)
    guard case .length(let fixed, let varying, let form) = counted else { return nil }
    let kept = content.count - removed + fixed
    guard kept + MessageTemplate(parts: varying).longest <= form.most else {
      throw .longString(first.index)
    }
    let parts: [MessageTemplate.Part] =
      varying.isEmpty
      ? [.bytes(form.bytes(of: kept))]
      : [.length(fixed: kept, varying: varying, form: form)]
    return Edit(range: place, parts: parts, index: first.index)
  }
}
