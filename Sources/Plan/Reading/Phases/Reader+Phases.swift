import Recording

extension Reader {
  private static let phaseWords = PhaseKind.allCases.map(\.rawValue)

  mutating func phases(
    _ item: Item, _ context: PhaseContext, _ book: inout MessageBook
  ) -> [PlacedPhase] {
    switch item.value {
    case .list(let items):
      if items.isEmpty {
        report(item.place, "phases is empty: nothing would happen", hint: Self.example)
      }
      var counts: [String: Int] = [:]
      let phases = items.compactMap { phase($0, context, &book, counts: &counts) }
      if phases.count < items.count { book.hasUnreadPhase = true }
      return phases
    case .broken: return []
    default:
      report(item.place, "phases needs a list, found \(item.foundWords)", hint: Self.example)
      return []
    }
  }

  private static let example = "for example - ramp: {to: 20k, rate: 10k/s}"

  /// One item of the list: a mapping with one key, the kind of the phase.
  private mutating func phase(
    _ item: Item, _ context: PhaseContext, _ book: inout MessageBook, counts: inout [String: Int]
  ) -> PlacedPhase? {
    switch item.value {
    case .broken: return nil
    case .scalar(let word) where PhaseKind(rawValue: word) != nil:
      let hint = PhaseKind(rawValue: word).map(Self.shape)
      report(item.place, "the phase '\(word)' says nothing more", hint: hint)
      return nil
    case .map(let fields):
      guard let field = fields.first else { break }
      if fields.count > 1 {
        report(
          fields[1].place, "a phase is one key, and this one has '\(field.key)' already",
          hint: PhaseKind(rawValue: fields[1].key) != nil
            ? "begin it with '- '" : "indent what belongs to '\(field.key)' deeper")
        // The phase's own keys stand beside its kind, not indented below it: nothing is left to read.
        if case .scalar("") = field.item.value { return nil }
      }
      guard let kind = PhaseKind(rawValue: field.key) else {
        report(
          field.place, "there is no phase \(quoted(field.key))",
          hint: didYouMean(field.key, Self.phaseWords)
            ?? "phases are \(alternatives(Self.phaseWords))")
        return nil
      }
      let number = counts[field.key, default: 0] + 1
      counts[field.key] = number
      let name = number == 1 ? field.key : "\(field.key)-\(number)"
      return phase(kind, named: name, line: planLine(item.place), field, context, &book)
    default: break
    }
    report(item.place, "expected a phase, found \(item.foundWords)", hint: Self.example)
    return nil
  }

  private mutating func phase(
    _ word: PhaseKind, named name: String, line: Int, _ field: Item.Field,
    _ context: PhaseContext, _ book: inout MessageBook
  ) -> PlacedPhase {
    let (kind, goalPlace) = kind(word, field, context)
    var tolerance = context.tolerance
    var phase = PlacedPhase(
      phase: nil, name: name, goalPlace: goalPlace, messages: [], thresholds: [])
    if word.plays, case .map(let fields) = field.item.value {
      for field in fields {
        switch field.key {
        case "messages": phase.messages = played(field.item, into: &book)
        case "thresholds":
          phase.thresholds = thresholds(
            field.item, ThresholdContext(owner: .phase(name), interval: context.interval))
        default: break
        }
      }
    }
    if word.tolerates, case .map(let fields) = field.item.value,
      let own = fields.first(where: { $0.key == "tolerate" })
    {
      tolerance = share(own.item) ?? tolerance
    }
    phase.phase = kind.map {
      Phase(
        name: name, line: line, kind: $0, patterns: phase.messages.map(\.name),
        tolerance: word.tolerates ? tolerance : 0)
    }
    return phase
  }

  /// The fields of a phase, by key; empty, with an error, when the phase is no mapping.
  ///
  /// - Parameter known: the keys of this kind of phase, without `tolerate`, `messages` and
  ///   `thresholds`. These are added where the kind may have them.
  mutating func phaseFields(
    _ field: Item.Field, known: [String]
  ) -> [String: Item.Field] {
    let kind = PhaseKind(rawValue: field.key)
    let isPlaying = kind?.plays == true
    let playing = PhaseKind.allCases.filter(\.plays).map(\.rawValue)
    let misplaced = [
      "messages": Problem(
        "the phase '\(field.key)' plays no messages", hint: "\(listed(playing)) do"),
      "thresholds": Problem(
        "the phase '\(field.key)' has no thresholds of its own",
        hint: "in 'thresholds' of the plan write for example failures == 0 in \(field.key)"),
    ]
    return fields(
      field.item, in: field.key,
      known: known + (kind?.tolerates == true ? ["tolerate"] : [])
        + (isPlaying ? ["messages", "thresholds"] : []),
      misplaced: isPlaying ? [:] : misplaced) ?? [:]
  }

  /// The value of `tolerate: 0.1%`, 0 to 1; nil, with an error, when it is no share.
  mutating func share(_ item: Item) -> Double? { value(item, "a share", Units.share) }
}
