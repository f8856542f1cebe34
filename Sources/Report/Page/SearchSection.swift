import Recording

/// The steps of a search, and how each of them went.
extension HTMLReport {
  var searchSection: Section {
    Section("search", "Search") {
      if !recording.searchSteps.isEmpty { searchTable.element }
    }
  }

  private var searchTable: Table {
    Table(
      caption: "Steps of the search",
      columns: [
        .init(title: "Phase", key: "phase"), .init(title: "At", key: "at", isNumeric: true),
        .init(title: "Asked for", key: "goal", isNumeric: true),
        .init(title: "Held", key: "held", isNumeric: true),
        .init(title: "Outcome", key: "outcome"), .init(title: "Because", key: "reason"),
      ],
      rows: recording.searchSteps.map { step in
        [
          .text(onOneLine(step.phase)), .seconds(step.at, Format.instant), .count(step.goal),
          .count(step.held),
          .text(step.outcome.rawValue, style: "outcome \(step.outcome.style)"),
          .text(step.reason.isEmpty ? nil : onOneLine(step.reason)),
        ]
      })
  }
}

extension SearchStep.Outcome {
  fileprivate var style: String {
    switch self {
    case .reached, .confirmed: "done"
    case .limit, .tooMany, .lost: "limit"
    }
  }
}
