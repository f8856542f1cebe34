import Recording

extension Phase {
  /// As an item of the list of phases. Its thresholds stand among those of the plan.
  ///
  /// - Parameter usual: what the plan tolerates where a phase says nothing of it.
  func yaml(tolerating usual: Double) -> String {
    let tolerated =
      kind.word.tolerates && tolerance != usual
      ? ", tolerate: \(yamlNumber(tolerance, shiftedBy: 2))%" : ""
    let played =
      tolerated
      + (patterns.isEmpty
        ? "" : ", messages: [\(patterns.map(yamlScalar).joined(separator: ", "))]")
    return switch kind {
    case .ramp(let goal, let pace): "ramp: {to: \(goal)\(pace.yaml)\(played)}"
    case .hold(let span): "hold: {for: \(span.yaml)\(played)}"
    case .churn(let churn):
      "churn: {rate: \(yamlNumber(churn.rate))/s, lifetime: \(churn.lifetime.yaml), "
        + "for: \(churn.span.yaml), with: \(churn.with.rawValue)\(played)}"
    case .search(let search): "search: {\(search.yaml)\(played)}"
    case .pause(let span): "pause: \(span.yaml)"
    case .close(let pace, let with): "close: {with: \(with.rawValue)\(pace.yaml)\(played)}"
    }
  }
}

extension Phase.Search {
  fileprivate var yaml: String {
    let conditions = until.map { yamlScalar($0.text) }.joined(separator: ", ")
    return "from: \(from), step: \(step), to: \(most)\(pace.yaml), confirm: \(confirm.yaml)"
      + (until.isEmpty ? "" : ", until: [\(conditions)]")
  }
}

extension Phase.Pace {
  fileprivate var yaml: String {
    switch self {
    case .unpaced: ""
    case .rate(let rate): ", rate: \(yamlNumber(rate))/s"
    case .over(let span): ", over: \(span.yaml)"
    }
  }
}
