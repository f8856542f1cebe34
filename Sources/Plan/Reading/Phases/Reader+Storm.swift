import Recording

/// Storms, and how connections come back.
extension Reader {
  mutating func storm(_ field: Item.Field) -> (Phase.Kind?, goalPlace: Place?) {
    guard isMapping(field) else { return (nil, nil) }
    let errors = errorCount
    let fields = phaseFields(
      field, known: ["drop", "with", "backoff", "jitter", "until", "within"])
    let drop = needed("drop", of: field, fields).flatMap {
      value($0.item, "a share or a count of connections", Self.drop)
    }
    let with = fields["with"].flatMap { word($0.item, as: Phase.Close.self) } ?? .reset
    let reconnect = reconnect(fields)
    let until = fields["until"].flatMap { value($0.item, "a share", Self.positiveShare) } ?? 0.99
    let within = needed("within", of: field, fields).flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
    guard errorCount == errors, let drop, let within else { return (nil, nil) }
    let storm = Phase.Storm(
      drop: drop, with: with, reconnect: reconnect, until: until, within: within)
    check(storm, fields)
    return (.storm(storm), fields["drop"]?.item.place)
  }

  /// `backoff` and `jitter`.
  mutating func reconnect(_ fields: [String: Item.Field]) -> Reconnect {
    var reconnect = Reconnect()
    if let backoff = fields["backoff"] {
      let span = value(backoff.item, "a backoff such as 1s..30s", Self.backoff)
      reconnect.first = span?.first ?? reconnect.first
      reconnect.last = span?.last ?? reconnect.last
    }
    if let jitter = fields["jitter"] {
      reconnect.jitter = word(jitter.item, as: Reconnect.Jitter.self) ?? reconnect.jitter
    }
    return reconnect
  }

  /// Reports what no storm can keep, and what is kept without anything coming back.
  private mutating func check(_ storm: Phase.Storm, _ fields: [String: Item.Field]) {
    if case .share(let share) = storm.drop, storm.until <= 1 - share + 1e-12,
      let place = (fields["until"] ?? fields["drop"])?.item.place
    {
      report(
        place,
        "the storm would be over at once: \(yamlNumber(storm.until, shiftedBy: 2))% are to be there"
          + " again, and the cut leaves \(yamlNumber(1 - share, shiftedBy: 2))%",
        hint: "'until' is a share of all that was held before")
    }
    if storm.reconnect.jitter == .none, storm.reconnect.first >= storm.within,
      let place = fields["within"]?.item.place
    {
      report(
        place,
        "the storm is over before anything comes back: the backoff is"
          + " \(Format.duration(storm.reconnect.first))",
        hint: "'within' counts from the cut")
    }
  }

  private static func drop(_ text: String) throws(Problem) -> Phase.Storm.Drop {
    guard text.hasSuffix("%") else { return .count(try Units.positiveCount(text)) }
    return .share(try positiveShare(text))
  }

  private static func positiveShare(_ text: String) throws(Problem) -> Double {
    let share = try Units.share(text)
    guard share > 0 else {
      throw Problem("\(quoted(text)) is no use here: it must be more than nothing")
    }
    return share
  }

  /// `1s..30s`, or `1s` for a backoff that does not grow.
  private static func backoff(_ text: String) throws(Problem) -> (first: Duration, last: Duration) {
    guard let dots = text.firstRange(of: "..") else {
      let both = try Units.positiveDuration(text)
      return (both, both)
    }
    let first = try Units.positiveDuration(String(text[..<dots.lowerBound]))
    let last = try Units.positiveDuration(String(text[dots.upperBound...]))
    guard first <= last else {
      throw Problem(
        "\(quoted(text)) falls: a backoff grows", hint: "write \(last.yaml)..\(first.yaml)")
    }
    return (first, last)
  }
}
