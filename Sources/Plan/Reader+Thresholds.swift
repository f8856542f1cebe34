extension Reader {
  /// - Parameter phases: nil when the phases could not be read, so that no name can be judged.
  mutating func thresholds(_ item: Item, phases: [String]?) -> [Threshold] {
    switch item.value {
    case .broken: return []
    case .list(let items):
      return items.compactMap { item in
        text(item, "a condition such as 'connections >= 20k'").flatMap {
          threshold($0, at: item.place, phases: phases)
        }
      }
    default:
      report(
        item.place, "thresholds needs a list, found \(item.kind)",
        hint: "for example - connections >= 20k")
      return []
    }
  }

  /// `metric op value [in phase]`.
  private mutating func threshold(
    _ text: String, at place: Place, phases: [String]?
  ) -> Threshold? {
    let isOperator = { (character: Character) in "<>=!".contains(character) }
    let name = text.prefix { !isOperator($0) && $0 != " " }
    var rest = text.dropFirst(name.count).drop { $0 == " " }
    let sign = rest.prefix(while: isOperator)
    rest = rest.dropFirst(sign.count)
    let words = rest.split(separator: " ").map(String.init)
    let errors = errorCount
    let metric = metric(String(name), at: place)
    let comparison = comparison(String(sign), at: place)
    guard let written = words.first else {
      report(
        place, "\(quoted(text)) is not a condition",
        hint: "write METRIC OPERATOR VALUE, for example connections >= 20k")
      return nil
    }
    let value = metric.flatMap { quantity(written, of: $0, at: place) }
    let phase = scope(Array(words.dropFirst()), at: place, phases: phases)
    guard let metric, let comparison, let value, errorCount == errors else { return nil }
    return Threshold(
      text: text, line: place.line, metric: metric, comparison: comparison, value: value,
      phase: phase)
  }

  private mutating func metric(_ name: String, at place: Place) -> Threshold.Metric? {
    if let metric = Threshold.Metric(rawValue: name) { return metric }
    let here = source.find(name, from: place)
    let known = Threshold.Metric.allCases.map(\.rawValue)
    report(
      here, "there is no metric \(quoted(name))",
      hint: didYouMean(name, known) ?? "metrics are \(known.joined(separator: ", "))")
    return nil
  }

  private mutating func comparison(_ sign: String, at place: Place) -> Threshold.Comparison? {
    if let comparison = Threshold.Comparison(rawValue: sign) { return comparison }
    let meant = ["=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "===": "=="][sign]
    report(
      source.find(sign, from: place),
      sign.isEmpty ? "a condition needs an operator" : "there is no operator \(quoted(sign))",
      hint: meant.map { "did you mean '\($0)'?" }
        ?? "operators are \(Threshold.Comparison.allCases.map(\.rawValue).joined(separator: " "))")
    return nil
  }

  private mutating func quantity(
    _ text: String, of metric: Threshold.Metric, at place: Place
  ) -> Double? {
    do {
      switch metric.quantity {
      case .count: return Double(try Units.count(text))
      case .rate: return try Units.rate(text)
      case .duration: return try Units.duration(text) / .seconds(1)
      case .share: return try Units.share(text)
      case .size: return Double(try Units.size(text))
      }
    } catch {
      report(source.find(text, from: place), error)
      return nil
    }
  }

  /// What follows the value: nothing, or `in PHASE`.
  private mutating func scope(
    _ words: [String], at place: Place, phases: [String]?
  ) -> String? {
    guard let first = words.first else { return nil }
    let here = source.find(" " + first, from: place)
    if first == "for" || first == "abort" {
      report(here == place ? place : here.next, notYet("thresholds with '\(first)'"))
      return nil
    }
    guard first == "in", words.count >= 2 else {
      report(
        here == place ? place : here.next, "expected 'in PHASE', found \(quoted(first))")
      return nil
    }
    let name = words[1]
    if words.count > 2 {
      if words[2] == "for" || words[2] == "abort" {
        report(source.find(words[2], from: place), notYet("thresholds with '\(words[2])'"))
      } else {
        report(source.find(words[2], from: place), "unexpected \(quoted(words[2]))")
      }
    }
    if let phases, !phases.contains(name) {
      let found = source.find(" in \(name)", from: place)
      report(
        found == place ? place : Place(line: found.line, column: found.column + 4),
        "there is no phase \(quoted(name)) in this plan",
        hint: didYouMean(name, phases) ?? "its phases are \(phases.joined(separator: ", "))")
    }
    return name
  }
}

extension Place {
  fileprivate var next: Place { Place(line: line, column: column + 1) }
}
