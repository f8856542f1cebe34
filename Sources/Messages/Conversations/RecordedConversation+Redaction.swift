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
    let (said, heard) = (bytes(ofClient: true), bytes(ofClient: false))
    let lengths =
      redactions.isEmpty
      ? (said: WrittenLengths(), heard: WrittenLengths())
      : WrittenLength.all(said: said, heard: heard)
    var client = RedactedStream(
      redactions.findings(in: said, isWhole: clientEnded), lengths.said.found)
    var server = RedactedStream(
      redactions.findings(in: heard, isWhole: serverEnded), lengths.heard.found)
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
        let (left, _, isWhole) = client.take(bytes)
        step.action = .send(left)
        isCut = !isWhole
        count += left.count
      case .receive(let bytes, let anything):
        let (left, kept, isWhole) = server.take(bytes, anything: anything)
        step.action = .receive(left, anything: kept)
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
      case .receive(let bytes, _): ofClient ? [] : bytes
      case .close: []
      }
    }
  }
}

extension RecordedConversation.Step {
  fileprivate var isEmpty: Bool {
    switch action {
    case .send(let bytes), .receive(let bytes, _): bytes.isEmpty
    case .close: false
    }
  }
}

/// All that one side sent, redacted step by step.
private struct RedactedStream {
  private struct Change {
    var range: Range<Int>
    /// What stands in its place.
    var word: [UInt8]
  }

  /// What is taken out, and the lengths that are others for it, in order.
  private let changes: [Change]
  /// How many bytes were checked; see `Redaction.Findings`.
  private let checked: Int
  /// Index of the next item of `changes`.
  private var next = 0
  /// How many bytes were taken so far.
  private var place = 0

  /// - Parameter lengths: those in the bytes. Each is to count what is left of its content, so that a substitution
  ///   can put another text there.
  init(_ findings: Redaction.Findings, _ lengths: [WrittenLength]) {
    checked = findings.checked
    let hidden = findings.hidden
    let changed = lengths.compactMap { length -> Change? in
      let inside = hidden.overlapping(length.content) { $0 }
      guard let first = inside.first, let last = inside.last,
        first.lowerBound >= length.content.lowerBound,
        last.upperBound <= length.content.upperBound,
        hidden.overlapping(length.place, by: { $0 }).isEmpty
      else { return nil }
      let removed = inside.reduce(0) { $0 + $1.count }
      let count = length.content.count - removed + inside.count * Redaction.word.count
      guard count <= length.form.most else { return nil }
      return Change(range: length.place, word: length.form.bytes(of: count))
    }
    changes = (hidden.map { Change(range: $0, word: Redaction.word) } + changed)
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// What is left of the next bytes without the secrets. Where the search for secrets has not checked these
  /// bytes to their end, `take` leaves out the unchecked rest, too, and `isWhole` is false.
  ///
  /// - Parameter anything: as in `RecordedConversation.Action.receive`; also in what is returned. A range is no
  ///   longer in it where what ended it is secret, or left out.
  mutating func take(
    _ bytes: [UInt8], anything: [Range<Int>] = []
  ) -> ([UInt8], anything: [Range<Int>], isWhole: Bool) {
    let end = min(place + bytes.count, checked)
    let isWhole = place + bytes.count <= checked
    let start = place
    var left = RedactedBytes()
    while place < end {
      guard next < changes.count, changes[next].range.lowerBound < end else {
        left.keep(bytes, place - start..<end - start)
        place = end
        break
      }
      let hidden = changes[next].range
      if place < hidden.lowerBound {
        left.keep(bytes, place - start..<hidden.lowerBound - start)
      }
      let hiddenEnd = min(hidden.upperBound, end)
      // The word stands where the match begins; the rest of it may lie in later steps.
      left.hide(
        max(place, hidden.lowerBound) - start..<hiddenEnd - start,
        word: place <= hidden.lowerBound ? changes[next].word : [])
      place = hiddenEnd
      if place == hidden.upperBound { next += 1 }
    }
    let kept = left.ranges(anything)
    return (left.bytes, kept, isWhole)
  }
}

/// What is left of one step's bytes, and where each of them has come from.
private struct RedactedBytes {
  private(set) var bytes: [UInt8] = []
  private var pieces: [Piece] = []

  private struct Piece {
    /// Where the piece stood in the step.
    var source: Range<Int>
    /// Where it, or the word for it, begins in `bytes`.
    var start: Int
    var isHidden: Bool
  }

  mutating func keep(_ all: [UInt8], _ range: Range<Int>) {
    pieces.append(Piece(source: range, start: bytes.count, isHidden: false))
    bytes += all[range]
  }

  mutating func hide(_ range: Range<Int>, word: [UInt8]) {
    pieces.append(Piece(source: range, start: bytes.count, isHidden: true))
    bytes += word
  }

  /// The ranges of the step as ranges of `bytes`. A range is left out where the byte that ended it is secret. Where
  /// that byte is not there at all, the bytes end where the range begins.
  mutating func ranges(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var kept: [Range<Int>] = []
    for range in ranges {
      let first = place(of: range.lowerBound)
      guard let end = pieces.last(where: { $0.source.contains(range.upperBound) }) else {
        bytes.removeSubrange(min(first, bytes.count)...)
        break
      }
      if !end.isHidden { kept.append(first..<place(of: range.upperBound)) }
    }
    return kept
  }

  /// Where the byte with this place in the step has come to stand; for one in the middle of a secret, behind the word
  /// for it.
  private func place(of offset: Int) -> Int {
    guard let index = pieces.lastIndex(where: { $0.source.lowerBound <= offset }) else { return 0 }
    let piece = pieces[index]
    guard piece.isHidden, offset > piece.source.lowerBound else {
      return piece.start + min(offset, piece.source.upperBound) - piece.source.lowerBound
    }
    return index + 1 < pieces.count ? pieces[index + 1].start : bytes.count
  }
}
