import Recording

/// Where a condition stands, and what it may say there.
struct ThresholdContext {
  enum Owner: Equatable {
    /// The plan's own `thresholds`.
    case plan
    /// The `thresholds` of the phase of this name.
    case phase(String)
    /// The `until` of a search.
    case search
  }

  var owner = Owner.plan
  /// Names of the phases that `in` may name. Nil when they could not be read, and where `in` is refused:
  /// then no name is checked.
  var phases: [String]?
  /// Time between two samples; nil when it could not be read.
  var interval: Duration?
}

extension Reader {
  mutating func thresholds(_ item: Item, _ context: ThresholdContext) -> [Threshold] {
    switch item.value {
    case .broken: return []
    case .list(let items):
      return items.compactMap { item in
        text(item, "a condition such as 'connections >= 20k'").flatMap {
          threshold($0, at: item.place, context)
        }
      }
    default:
      report(
        item.place, "thresholds needs a list, found \(item.foundWords)",
        hint: "for example - connections >= 20k")
      return []
    }
  }

  /// `METRIC OPERATOR VALUE [in PHASE] [for DURATION] [abort]`.
  mutating func threshold(
    _ text: String, at place: Place, _ context: ThresholdContext
  ) -> Threshold? {
    let isOperator = { (character: Character) in "<>=!".contains(character) }
    let name = text.prefix { !isOperator($0) && $0 != " " }
    var rest = text.dropFirst(name.count).drop { $0 == " " }
    let sign = rest.prefix(while: isOperator)
    rest = rest.dropFirst(sign.count).drop { $0 == " " }
    let errors = errorCount
    let metric = metric(String(name), at: place)
    let comparison = comparison(String(sign), at: place)
    let written = rest.prefix { $0 != " " }
    guard !written.isEmpty else {
      report(
        place, "\(quoted(text)) is not a condition",
        hint: "write METRIC OPERATOR VALUE, for example connections >= 20k")
      return nil
    }
    let value = metric.flatMap { quantity(String(written), of: $0, at: place) }
    let tail = rest.dropFirst(written.count)
    let scope = scope(
      tail.split(separator: " ").map(String.init), of: metric, at: place, context)
    guard let metric, let comparison, let value, errorCount == errors else { return nil }
    var threshold = Threshold(
      text: text, line: planLine(place), metric: metric, comparison: comparison, value: value,
      phase: scope.phase, window: scope.window, aborts: scope.aborts)
    if case .phase(let name) = context.owner {
      // The text that the condition would have among the thresholds of the plan.
      threshold.text = text[..<tail.startIndex] + " in \(name)" + tail
      threshold.phase = name
    }
    guard !threshold.aborts || threshold.mayAbort else {
      report(
        place, "'abort' never comes to \(quoted(text)): while the run goes on it may yet hold",
        hint: "add 'for 10s', or 'in PHASE' to look at it when that phase is over")
      return nil
    }
    return threshold
  }

  private mutating func metric(_ name: String, at place: Place) -> Metric? {
    // `held` is a figure of both ends, for reports and comparisons. A condition is about one end:
    // `connections` are the client's, `accepted` the server's.
    if let metric = Metric(named: name), metric != .held { return metric }
    let here = find(name, from: place)
    let known = Metric.all.filter { $0 != .held }.map(\.name)
    report(
      here, "there is no metric \(quoted(name))",
      hint: didYouMean(name, known)
        ?? "metrics are \(known.joined(separator: ", ")), and any other percentile, as rtt.p95")
    return nil
  }

  private mutating func comparison(_ sign: String, at place: Place) -> Threshold.Comparison? {
    if let comparison = Threshold.Comparison(rawValue: sign) { return comparison }
    let meant = ["=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "===": "=="][sign]
    report(
      find(sign, from: place),
      sign.isEmpty ? "a condition needs an operator" : "there is no operator \(quoted(sign))",
      hint: meant.map { "did you mean '\($0)'?" }
        ?? "operators are \(Threshold.Comparison.allCases.map(\.rawValue).joined(separator: " "))")
    return nil
  }

  private mutating func quantity(
    _ text: String, of metric: Metric, at place: Place
  ) -> Double? {
    do {
      switch metric.traits.quantity {
      case .count: return Double(try Units.count(text))
      case .rate: return try Units.rate(text)
      case .duration: return try Units.duration(text) / .seconds(1)
      case .share: return try Units.share(text)
      case .size: return Double(try Units.size(text))
      }
    } catch {
      report(find(text, from: place), error)
      return nil
    }
  }
}
