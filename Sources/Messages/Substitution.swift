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

  /// Templates of all that one side says, with everything replaced.
  mutating func templates(
    of speech: Speech
  ) throws(ConversationPattern.Flaw) -> [[MessageTemplate]] {
    var templates: [[MessageTemplate]] = []
    for item in speech.items {
      var texts: [MessageTemplate] = []
      for (index, range) in item.enumerated() {
        texts.append(try template(of: speech.bytes[range], followsAnything: index > 0))
      }
      templates.append(texts)
    }
    return templates
  }

  private mutating func template(
    of text: ArraySlice<UInt8>, followsAnything: Bool
  ) throws(ConversationPattern.Flaw) -> MessageTemplate {
    guard !candidates.isEmpty else {
      room -= text.count
      guard room >= 0 else { throw .tooLong }
      return MessageTemplate(bytes: Array(text))
    }
    var parts: [MessageTemplate.Part] = []
    var literal: [UInt8] = []
    var rest = text
    while let byte = rest.first {
      guard let index = substitution(atStartOf: rest) else {
        literal.append(byte)
        rest.removeFirst()
        room -= 1
        guard room >= 0 else { throw .tooLong }
        continue
      }
      let (old, new) = (substitutions[index].old, substitutions[index].new)
      unused.remove(index)
      room -= new.longest
      guard room >= 0 else { throw .tooLong }
      if followsAnything, rest.startIndex == text.startIndex {
        guard case .bytes? = new.parts.first else { throw .endless(index) }
      }
      for part in new.parts {
        if case .bytes(let more) = part {
          literal += more
        } else {
          if !literal.isEmpty { parts.append(.bytes(literal)) }
          literal = []
          parts.append(part)
        }
      }
      rest = rest.dropFirst(old.count)
    }
    if !literal.isEmpty { parts.append(.bytes(literal)) }
    return MessageTemplate(parts: parts)
  }

  /// The index of the substitution that replaces what `rest` begins with; nil where none does.
  private func substitution(atStartOf rest: ArraySlice<UInt8>) -> Int? {
    candidates[Int(rest[rest.startIndex])].first { rest.starts(with: substitutions[$0].old) }
  }
}
