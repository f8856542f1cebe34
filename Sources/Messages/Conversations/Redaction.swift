/// An expression for what may not get into a file. The search looks at all that one side sent, as one text: so
/// it does not matter in which pieces the bytes came.
package struct Redaction: Sendable {
  /// Stands where something was taken out.
  package static let word = Array("REDACTED".utf8)

  private let pattern: GroupPattern
  private let machine: ByteMachine

  /// Whether only what the first parentheses match is taken out. Where these are repeated, the C
  /// library tells only what they matched last, so the whole match is taken out.
  let hidesGroup: Bool

  /// - Parameter text: an expression as `Expression` takes it. What the first parentheses match is taken out. The
  ///   whole match is taken out where there are none, where they are repeated, and where the match leaves them out.
  package init(_ text: String) throws(BytePattern.Invalid) {
    let (expression, repeatsFirstGroup) = try Expression.parsed(text)
    // In this order: the machine refuses long expressions, for which the C library would take any
    // amount of memory.
    machine = try ByteMachine(expression)
    pattern = try GroupPattern(text)
    hidesGroup = pattern.hasGroups && !repeatsFirstGroup
  }

  /// What the search found in some bytes.
  struct Findings: Equatable {
    /// The ranges to take out.
    var hidden: [Range<Int>] = []
    /// How many bytes were checked, from the first on. The bytes behind those may hold anything.
    var checked: Int
  }

  /// - Parameter isWhole: whether nothing came after these bytes. If something did, a match may begin in
  ///   these bytes and end later: the bytes from the first such place on do not count as checked.
  func findings(in bytes: [UInt8], isWhole: Bool) -> Findings {
    var findings = Findings(checked: bytes.count)
    if !isWhole { findings.checked = machine.pending(in: bytes) ?? bytes.count }
    var regions = [0..<bytes.count]
    var effort = 0
    // For some expressions the search looks at all following bytes from every place, so its effort is bounded.
    let mostEffort = 1 << 16 + 64 * bytes.count
    while let region = regions.popLast() {
      guard effort < mostEffort else {
        findings.checked = min(findings.checked, region.lowerBound)
        continue
      }
      guard let match = machine.match(in: bytes, region, isWhole: isWhole, effort: &effort) else {
        continue
      }
      let hidden = hiddenPart(of: match, in: bytes)
      if hidden.isEmpty {
        regions.append(match.lowerBound + 1..<region.upperBound)
        continue
      }
      findings.hidden.append(hidden)
      regions.append(hidden.upperBound..<region.upperBound)
      // Another match may lie in the part of this match before its group.
      if hidden.lowerBound > match.lowerBound {
        regions.append(match.lowerBound..<hidden.lowerBound)
      }
    }
    return findings
  }

  private func hiddenPart(of match: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    guard hidesGroup, case .at(let group) = pattern.firstGroup(of: match, in: bytes) else {
      return match
    }
    return group
  }
}

extension Sequence<Redaction> {
  /// What all redactions together find: ranges in order, and none touching the next.
  func findings(in bytes: [UInt8], isWhole: Bool) -> Redaction.Findings {
    let all = map { $0.findings(in: bytes, isWhole: isWhole) }
    let checked = all.map(\.checked).min() ?? bytes.count
    var hidden: [Range<Int>] = []
    for range in all.flatMap(\.hidden).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = hidden.last, range.lowerBound <= last.upperBound {
        hidden[hidden.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        hidden.append(range)
      }
    }
    return Redaction.Findings(hidden: hidden, checked: checked)
  }
}
