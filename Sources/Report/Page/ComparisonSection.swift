import Judgement
import Plan
import Recording

/// This run beside an earlier one: the run before, the original of a replay, or the base of
/// `compare`.
extension HTMLReport {
  var comparisonSection: Section {
    Section("comparison", "Compared with an earlier run") {
      if let replay = recording.replay {
        Element("p", ["data-replay": brief(replay.original)]) {
          "A replay of \(brief(replay.source, to: 300))"
          if let fidelity = replay.fidelity { ": \(fidelity.parts.joined(separator: ", "))" }
          "."
        }
      }
      if let comparison = earlier.comparison, let base = earlier.base {
        Element("p", ["data-regression": String(comparison.isRegression)]) {
          Element(
            "b", ["class": "outcome \(comparison.isRegression ? "limit" : "done")"],
            capitalised(comparison.sentence))
          " against \(brief(base.planName)), \(base.circumstances.joined(separator: ", "))."
        }
        for note in comparison.notes { Element("p", ["class": "note"], brief(note, to: 1000)) }
        figureTable("The whole run", comparison.figures.filter { $0.phase == nil }).element
        phaseFigures(comparison)
        differences(comparison)
      }
    }
  }

  /// The figures of the first phases that have any, folded: only a reader who looks for the phase that got worse wants
  /// them.
  @MarkupBuilder private func phaseFigures(_ comparison: Comparison) -> [Node] {
    let names = recording.phases.map(\.name)
    let phases = names.filter { name in comparison.figures.contains { $0.phase == name } }
    if !phases.isEmpty {
      Element("details") {
        Element("summary", [:], "By phase")
        for phase in phases.prefix(20) {
          figureTable(
            "Phase \(brief(phase, to: 100))",
            comparison.figures.filter { $0.phase == phase }
          ).element
        }
      }
    }
  }

  private func figureTable(_ caption: String, _ figures: [Comparison.Figure]) -> Table {
    Table(
      caption: caption,
      columns: [
        .init(title: "Figure", key: "metric"),
        .init(title: "Before", key: "base", isNumeric: true),
        .init(title: "Now", key: "new", isNumeric: true),
        .init(title: "Difference", key: "difference", isNumeric: true),
        .init(title: "Share", key: "relative", isNumeric: true),
        .init(title: "Verdict", key: "verdict"),
      ],
      rows: figures.map { figure in
        let metric = figure.metric
        return [
          .init(text: capitalised(metric.words), value: metric.name),
          .number(figure.base, metric.text), .number(figure.new, metric.text),
          .number(figure.difference) { _ in figure.absolute },
          .number(figure.relative) { _ in figure.change },
          .init(
            text: figure.verdictInFull, value: figure.verdict.rawValue,
            style: "outcome \(figure.verdict.style)"),
        ]
      })
  }

  /// The limits of both runs, and how their hosts and plans differ: often the cause of a
  /// difference.
  @MarkupBuilder private func differences(_ comparison: Comparison) -> [Node] {
    if !comparison.limits.isEmpty {
      Table(
        caption: "Limits of the two runs",
        columns: [
          .init(title: "Limit", key: "cause"), .init(title: "Resource", key: "resource"),
          .init(title: "Met", key: "sides"), .init(title: "Verdict", key: "verdict"),
        ],
        rows: comparison.limits.map { change in
          [
            .text(onOneLine(change.limit.cause)), .text(change.limit.resource.rawValue),
            .text(change.sides),
            .text(change.verdict.rawValue, style: "outcome \(change.verdict.style)"),
          ]
        }
      ).element
    }
    if !comparison.host.isEmpty {
      Table(
        caption: "What is not the same on the host",
        columns: [
          .init(title: "Fact", key: "name"), .init(title: "Before", key: "base"),
          .init(title: "Now", key: "new"),
        ],
        rows: comparison.host.map { change in
          [
            .text(onOneLine(change.name)), .text(change.base.map(onOneLine)),
            .text(change.new.map(onOneLine)),
          ]
        }
      ).element
    }
    if let sentence = comparison.plan.sentence {
      Element("p", ["class": "note"], "The effective plan: \(sentence).")
    }
  }
}

extension Comparison.Verdict {
  fileprivate var style: String {
    switch self {
    case .worse: "limit"
    case .better: "done"
    case .same, .withinNoise, .tooFew, .notJudged, .unknown: "skipped"
    }
  }
}
