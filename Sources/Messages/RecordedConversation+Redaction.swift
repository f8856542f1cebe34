extension RecordedConversation {
  /// This conversation as it may be kept: without what the expressions find, and only up to where
  /// their search is complete.
  ///
  /// - Parameters:
  ///   - clientEnded: whether the client sent nothing after what is here.
  ///   - serverEnded: whether the server sent nothing after what is here.
  ///   - most: the most bytes that the conversation may have. It ends early where it would have more, since
  ///     `Redaction.word` may be longer than what it replaces.
  /// - Returns: the conversation, and whether something is missing at its end.
  package func redacted(
    by redactions: [Redaction], clientEnded: Bool, serverEnded: Bool, most: Int
  ) -> (RecordedConversation, isCut: Bool) {
    var client = RedactedStream(
      redactions.findings(in: bytes(ofClient: true), isWhole: clientEnded))
    var server = RedactedStream(
      redactions.findings(in: bytes(ofClient: false), isWhole: serverEnded))
    var kept = RecordedConversation(client: self.client, steps: [])
    var count = 0
    // Nanoseconds of delay before steps that were left out because none of their bytes is left. They are added to
    // the delay of the next step that is kept.
    var waited: UInt64 = 0
    for step in steps {
      var step = step
      var isCut = false
      let after = step.after.addingReportingOverflow(waited)
      step.after = after.overflow ? .max : after.partialValue
      switch step.action {
      case .send(let bytes):
        let (left, isWhole) = client.take(bytes)
        step.action = .send(left)
        isCut = !isWhole
        count += left.count
      case .receive(let bytes):
        let (left, isWhole) = server.take(bytes)
        step.action = .receive(left)
        isCut = !isWhole
        count += left.count
      case .close: break
      }
      guard count <= most else { return (kept, true) }
      if step.isEmpty {
        waited = step.after
      } else {
        waited = 0
        kept.steps.append(step)
      }
      if isCut { return (kept, true) }
    }
    return (kept, false)
  }

  /// All that one side sent.
  package func bytes(ofClient: Bool) -> [UInt8] {
    steps.flatMap { step -> [UInt8] in
      switch step.action {
      case .send(let bytes): ofClient ? bytes : []
      case .receive(let bytes): ofClient ? [] : bytes
      case .close: []
      }
    }
  }
}

extension RecordedConversation.Step {
  fileprivate var isEmpty: Bool {
    switch action {
    case .send(let bytes), .receive(let bytes): bytes.isEmpty
    case .close: false
    }
  }
}

/// All that one side sent, redacted step by step.
private struct RedactedStream {
  private let findings: Redaction.Findings
  /// Index of the next range in `findings.hidden`.
  private var next = 0
  /// How many bytes were taken so far.
  private var place = 0

  init(_ findings: Redaction.Findings) { self.findings = findings }

  /// What is left of the next bytes without the secrets. Where the search for secrets has not checked these
  /// bytes to their end, `take` leaves out the unchecked rest, too, and `isWhole` is false.
  mutating func take(_ bytes: [UInt8]) -> ([UInt8], isWhole: Bool) {
    let end = min(place + bytes.count, findings.checked)
    let isWhole = place + bytes.count <= findings.checked
    let start = place
    var left: [UInt8] = []
    while place < end {
      guard next < findings.hidden.count, findings.hidden[next].lowerBound < end else {
        left += bytes[(place - start)..<(end - start)]
        place = end
        break
      }
      let hidden = findings.hidden[next]
      if place < hidden.lowerBound {
        left += bytes[(place - start)..<(hidden.lowerBound - start)]
      }
      // The word stands where the match begins; the rest of it may lie in later steps.
      if place <= hidden.lowerBound { left += Redaction.word }
      place = min(hidden.upperBound, end)
      if place == hidden.upperBound { next += 1 }
    }
    return (left, isWhole)
  }
}
