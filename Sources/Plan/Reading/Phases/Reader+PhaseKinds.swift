import Recording

/// What the reading of phases needs from the rest of the plan.
struct PhaseContext {
  /// Nil when the clients could not be read.
  var clients: Clients?
  /// Time between two samples; nil when it could not be read.
  var interval: Duration?
  /// The share of its promise that a phase without `tolerate` may miss, 0 to 1.
  var tolerance = 0.0

  /// The number of connections at which a search without `to` ends: as many as all sources can have to
  /// one endpoint, or a million where the number of sources is not known. At least `first`.
  func end(ofSearchFrom first: Int) -> Int {
    let unknown = 1_000_000
    guard let clients, let sources = clients.sourceCount else { return max(first, unknown) }
    return max(first, min(sources * clients.ports.most, Units.mostCount))
  }
}

extension Reader {
  /// What a phase does, and where the plan says how many connections the phase opens.
  mutating func kind(
    _ word: PhaseKind, _ field: Item.Field, _ context: PhaseContext
  ) -> (Phase.Kind?, goalPlace: Place?) {
    switch word {
    case .ramp: ramp(field)
    case .hold: (span(field).map(Phase.Kind.hold), nil)
    case .churn: churn(field)
    case .storm: storm(field)
    case .search: search(field, context)
    case .pause: (span(field).map(Phase.Kind.pause), nil)
    case .close: (close(field), nil)
    }
  }

  /// A hint that shows how a plan writes a phase of this kind.
  static func shape(of kind: PhaseKind) -> String {
    switch kind {
    case .ramp: "write ramp: {to: 20k, rate: 10k/s}"
    case .churn: "write churn: {rate: 2k/s, lifetime: 5s, for: 1m}"
    case .storm: "write storm: {drop: 50%, within: 2m}"
    case .search: "write search: {from: 10k, step: 10k, until: \"failures.rate > 0.1%\"}"
    case .close: "write close: reset"
    case .hold, .pause: "write \(kind.rawValue): 30s"
    }
  }

  /// Whether the phase is a mapping; false, with an error, when it is not.
  mutating func isMapping(_ field: Item.Field) -> Bool {
    switch field.item.value {
    case .map: return true
    case .broken: return false
    default:
      report(
        field.item.place, "\(field.key) needs a mapping, found \(field.item.foundWords)",
        hint: PhaseKind(rawValue: field.key).map(Self.shape))
      return false
    }
  }

  private mutating func ramp(_ field: Item.Field) -> (Phase.Kind?, goalPlace: Place?) {
    guard isMapping(field) else { return (nil, nil) }
    let fields = phaseFields(field, known: ["to", "rate", "over"])
    let pace = pace(fields, in: "ramp")
    guard let to = needed("to", of: field, fields) else { return (nil, nil) }
    let goal = value(to.item, "a count of connections", Units.positiveCount)
    guard let goal, let pace else { return (nil, nil) }
    return (.ramp(to: goal, pace: pace), to.item.place)
  }

  private mutating func churn(_ field: Item.Field) -> (Phase.Kind?, goalPlace: Place?) {
    guard isMapping(field) else { return (nil, nil) }
    let fields = phaseFields(field, known: ["rate", "lifetime", "for", "with"])
    let rate = needed("rate", of: field, fields).flatMap {
      value($0.item, "a rate", Units.positiveRate)
    }
    let lifetime = needed("lifetime", of: field, fields).flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
    let span = needed("for", of: field, fields).flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
    let errors = errorCount
    let with = fields["with"].flatMap { word($0.item, as: Phase.Close.self) } ?? .reset
    guard let rate, let lifetime, let span, errorCount == errors else { return (nil, nil) }
    let churn = Phase.Churn(rate: rate, lifetime: lifetime, span: span, with: with)
    return (.churn(churn), fields["rate"]?.item.place)
  }

  private mutating func search(
    _ field: Item.Field, _ context: PhaseContext
  ) -> (Phase.Kind?, goalPlace: Place?) {
    guard isMapping(field) else { return (nil, nil) }
    let errors = errorCount
    let fields = phaseFields(
      field, known: ["from", "step", "to", "rate", "over", "confirm", "until"])
    let counts = ["from", "step"].map { key in
      needed(key, of: field, fields).flatMap {
        value($0.item, "a count of connections", Units.positiveCount)
      }
    }
    let most = fields["to"].flatMap {
      value($0.item, "a count of connections", Units.positiveCount)
    }
    let pace = pace(fields, in: "search")
    let confirm = fields["confirm"].flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
    let until = fields["until"].map { conditions($0.item, context) } ?? []
    if let from = counts[0], let most, most < from, let place = fields["to"]?.item.place {
      report(place, "the search ends below its start", hint: "'to' is at least 'from'")
    }
    guard errorCount == errors, let from = counts[0], let step = counts[1], let pace else {
      return (nil, nil)
    }
    let search = Phase.Search(
      from: from, step: step, most: most ?? context.end(ofSearchFrom: from),
      hasEnd: fields["to"] != nil, pace: pace, confirm: confirm ?? .seconds(10), until: until)
    return (.search(search), (fields["to"] ?? fields["from"])?.item.place)
  }

  /// The value of a search's `until`: a condition, or a list of these.
  private mutating func conditions(_ item: Item, _ context: PhaseContext) -> [Threshold] {
    let known = ThresholdContext(owner: .search, interval: context.interval)
    guard case .list = item.value else {
      return text(item, "a condition such as 'failures.rate > 0.1%', or a list of these")
        .flatMap { threshold($0, at: item.place, known) }.map { [$0] } ?? []
    }
    return thresholds(item, known)
  }

  /// The pace by `rate` or `over`; without either, as fast as the host can.
  private mutating func pace(_ fields: [String: Item.Field], in owner: String) -> Phase.Pace? {
    if let rate = fields["rate"], let over = fields["over"] {
      report(
        max(rate.place, over.place), "\(owner) has both 'rate' and 'over'",
        hint: "keep one of them")
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
  private mutating func span(_ field: Item.Field) -> Duration? {
    guard case .map = field.item.value else {
      return value(field.item, "a duration", Units.positiveDuration)
    }
    let fields = phaseFields(field, known: ["for"])
    return needed("for", of: field, fields).flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
  }

  private mutating func close(_ field: Item.Field) -> Phase.Kind? {
    guard case .map = field.item.value else {
      return word(field.item, as: Phase.Close.self).map { .close(pace: .unpaced, with: $0) }
    }
    let errors = errorCount
    let fields = phaseFields(field, known: ["rate", "over", "with"])
    let pace = pace(fields, in: "close")
    let with = fields["with"].flatMap { word($0.item, as: Phase.Close.self) } ?? .reset
    guard let pace, errorCount == errors else { return nil }
    return .close(pace: pace, with: with)
  }

  /// A key that the phase cannot do without; nil, with an error, when it is missing.
  mutating func needed(
    _ key: String, of phase: Item.Field, _ fields: [String: Item.Field]
  ) -> Item.Field? {
    if let field = fields[key] { return field }
    report(
      phase.place, "\(phase.key) needs '\(key)'",
      hint: PhaseKind(rawValue: phase.key).map(Self.shape))
    return nil
  }
}
