/// What may not get into a file: whatever an expression finds in all that one side sent, taken
/// together, so that it does not matter how the bytes came.
package struct Redaction: Sendable {
  /// Stands where something was taken out.
  package static let word = Array("REDACTED".utf8)

  private let pattern: GroupPattern
  private let machine: ByteMachine

  /// Whether only what is in the first parentheses is taken out. Where these are repeated nobody
  /// could tell all that was in them.
  let hidesGroup: Bool

  /// - Parameter text: a POSIX extended regular expression. With parentheses that are not repeated
  ///   only what is in the first of them is taken out, else all that was found.
  package init(_ text: String) throws(BytePattern.Invalid) {
    let (expression, repeatsFirstGroup) = try Expression.parsed(text)
    // In this order: the machine is bounded, and the C library takes what memory there is.
    machine = try ByteMachine(expression)
    pattern = try GroupPattern(text)
    hidesGroup = pattern.hasGroups && !repeatsFirstGroup
  }

  /// What is to be taken out of some bytes, and how many of them were checked to their end: the
  /// others may hold anything.
  struct Findings: Equatable {
    var hidden: [Range<Int>] = []
    var checked: Int
  }

  /// - Parameter isWhole: whether nothing came after these bytes. What more bytes could have made a
  ///   match of is not checked.
  func findings(in bytes: [UInt8], isWhole: Bool) -> Findings {
    var findings = Findings(checked: bytes.count)
    if !isWhole { findings.checked = machine.pending(in: bytes) ?? bytes.count }
    var regions = [0..<bytes.count]
    var effort = 0
    // An expression that makes every byte look at all that follow gets no further than this.
    let most = 1 << 16 + 64 * bytes.count
    while let region = regions.popLast() {
      guard effort < most else {
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
      // Before a group there may be another match, which the longer one covered.
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
  /// What all of them together find: in order, and none touching the next.
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
