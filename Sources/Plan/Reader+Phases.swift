/// A phase with the places that its cross checks point at.
struct PlacedPhase {
  /// Nil when something is wrong with it; it still has a name that thresholds may use.
  var phase: Phase?
  var name: String
  /// Where the goal of a ramp stands.
  var goal: Place?
}

extension Reader {
  private static let kinds = ["ramp", "hold", "pause", "close"]
  private static let laterKinds = ["churn", "search"]

  mutating func phases(_ item: Item) -> [PlacedPhase] {
    switch item.value {
    case .list(let items):
      if items.isEmpty {
        report(item.place, "phases is empty: nothing would happen", hint: Self.example)
      }
      var counts: [String: Int] = [:]
      return items.compactMap { phase($0, counts: &counts) }
    case .broken: return []
    default:
      report(item.place, "phases needs a list, found \(item.kind)", hint: Self.example)
      return []
    }
  }

  private static let example = "for example - ramp: {to: 20k, rate: 10k/s}"

  /// One item of the list: a mapping with one key, the kind of the phase.
  private mutating func phase(_ item: Item, counts: inout [String: Int]) -> PlacedPhase? {
    switch item.value {
    case .broken: return nil
    case .scalar(let word) where Self.kinds.contains(word):
      report(item.place, "the phase '\(word)' says nothing more", hint: Self.shape(of: word))
      return nil
    case .map(let fields):
      guard let field = fields.first else { break }
      if fields.count > 1 {
        report(
          fields[1].place, "a phase is one key, and this one has '\(field.key)' already",
          hint: Self.kinds.contains(fields[1].key)
            ? "begin it with '- '" : "indent what belongs to '\(field.key)' deeper")
        // With everything out of line, there is nothing in it to look at.
        if case .scalar("") = field.item.value { return nil }
      }
      guard Self.kinds.contains(field.key) else {
        if Self.laterKinds.contains(field.key) {
          report(field.place, notYet("the phase \(quoted(field.key))"))
        } else {
          report(
            field.place, "there is no phase \(quoted(field.key))",
            hint: didYouMean(field.key, Self.kinds + Self.laterKinds)
              ?? "phases are \(alternatives(Self.kinds))")
        }
        return nil
      }
      let number = counts[field.key, default: 0] + 1
      counts[field.key] = number
      let name = number == 1 ? field.key : "\(field.key)-\(number)"
      let (kind, goal) = kind(field)
      return PlacedPhase(
        phase: kind.map { Phase(name: name, line: item.place.line, kind: $0) }, name: name,
        goal: goal)
    default: break
    }
    report(item.place, "expected a phase, found \(item.kind)", hint: Self.example)
    return nil
  }

  private mutating func kind(_ field: Item.Field) -> (Phase.Kind?, goal: Place?) {
    switch field.key {
    case "ramp": ramp(field)
    case "hold": (span(field, later: ["messages"]).map(Phase.Kind.hold), nil)
    case "pause": (span(field, later: []).map(Phase.Kind.pause), nil)
    default: (close(field), nil)
    }
  }

  private mutating func ramp(_ field: Item.Field) -> (Phase.Kind?, goal: Place?) {
    guard case .map = field.item.value else {
      if case .broken = field.item.value { return (nil, nil) }
      report(
        field.item.place, "ramp needs a mapping, found \(field.item.kind)",
        hint: Self.shape(of: "ramp"))
      return (nil, nil)
    }
    let fields = fields(field.item, in: "ramp", known: ["to", "rate", "over"]) ?? [:]
    let pace = pace(fields, in: "ramp")
    guard let to = fields["to"] else {
      report(field.place, "ramp needs 'to'", hint: Self.shape(of: "ramp"))
      return (nil, nil)
    }
    let goal = value(to.item, "a count of connections", Units.positiveCount)
    guard let goal, let pace else { return (nil, nil) }
    return (.ramp(to: goal, pace: pace), to.item.place)
  }

  /// `rate` or `over`, or as fast as the host can.
  private mutating func pace(_ fields: [String: Item.Field], in owner: String) -> Phase.Pace? {
    if let rate = fields["rate"], let over = fields["over"] {
      report(
        max(rate.place, over.place), "\(owner) has both 'rate' and 'over'", hint: "keep one of them"
      )
      return nil
    }
    if let rate = fields["rate"] {
      return value(rate.item, "a rate", Units.positiveRate).map(Phase.Pace.rate)
    }
    if let over = fields["over"] {
      return value(over.item, "a duration", Units.positiveDuration).map(Phase.Pace.over)
    }
    return .unpaced
  }

  /// `30s` or `{for: 30s}`.
  private mutating func span(_ field: Item.Field, later: [String]) -> Duration? {
    guard case .map = field.item.value else {
      return value(field.item, "a duration", Units.positiveDuration)
    }
    let fields = fields(field.item, in: field.key, known: ["for"], later: later) ?? [:]
    guard let span = fields["for"] else {
      report(field.place, "\(field.key) needs 'for'", hint: Self.shape(of: field.key))
      return nil
    }
    return value(span.item, "a duration", Units.positiveDuration)
  }

  private mutating func close(_ field: Item.Field) -> Phase.Kind? {
    guard case .map = field.item.value else {
      return word(field.item, as: Phase.Close.self).map { .close(pace: .unpaced, with: $0) }
    }
    let errors = errorCount
    let fields = fields(field.item, in: "close", known: ["rate", "over", "with"]) ?? [:]
    let pace = pace(fields, in: "close")
    let with = fields["with"].flatMap { word($0.item, as: Phase.Close.self) } ?? .reset
    guard let pace, errorCount == errors else { return nil }
    return .close(pace: pace, with: with)
  }

  private static func shape(of kind: String) -> String {
    switch kind {
    case "ramp": "write ramp: {to: 20k, rate: 10k/s}"
    case "close": "write close: reset"
    default: "write \(kind): 30s"
    }
  }
}
