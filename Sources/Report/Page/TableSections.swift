import Judgement
import Plan
import Recording

/// The run in rows: phases, thresholds, prediction, host and plan.
extension HTMLReport {
  var phasesSection: Section {
    Section("phases", "Phases") {
      if !recording.phases.isEmpty { phaseTable.element }
      for phase in recording.phases {
        if let storm = recording.stormFacts(of: phase) {
          Element(
            "p", ["class": "note"], brief("\(phase.name): " + storm.parts.joined(separator: " · ")))
        }
      }
      for phase in recording.phases where !phase.remark.isEmpty {
        Element("p", ["class": "note"], brief("\(phase.name): \(phase.remark)", to: 4000))
      }
    }
  }

  private var phaseTable: Table {
    let hasServerCount = recording.hasServerCount
    let knowsAccepted = recording.knowsAccepted
    return Table(
      caption: "Phases as planned and as they went",
      columns: [
        .init(title: "Phase", key: "name"), .init(title: "Planned", key: "title"),
        .init(title: "Outcome", key: "outcome"),
        .init(title: "Start", key: "started", isNumeric: true),
        .init(title: "Took", key: "duration", isNumeric: true),
        .init(title: "Goal", key: "goal", isNumeric: true),
        .init(title: "Established", key: "established", isNumeric: true),
        .init(title: "Accepted", key: "accepted", isNumeric: true),
        .init(title: "Phantom", key: "phantom", isNumeric: true),
        .init(title: "Failures", key: "failures", isNumeric: true),
        .init(title: "Promised", key: "promised", isNumeric: true),
        .init(title: "Missed", key: "missed", isNumeric: true),
        .init(title: "Line", key: "line", isNumeric: true),
      ],
      rows: recording.phases.map { phase in
        let reached = phase.started != nil
        // At the end of a phase the kernel of someone else's server is asked where that is
        // possible. Where it has answered, `accepted` or `phantom` is above 0; elsewhere nobody
        // knows either number.
        let wasAsked = phase.accepted > 0 || phase.phantom > 0
        let counted =
          reached && knowsAccepted && (hasServerCount || wasAsked || phase.established == 0)
        return [
          .text(onOneLine(phase.name)), .text(onOneLine(phase.title)),
          .text(phase.outcome.word(reached: reached), style: "outcome \(phase.outcome.rawValue)"),
          .seconds(phase.started, Format.instant),
          .seconds(phase.duration, Format.duration(seconds:)),
          .count(phase.goal), .count(reached ? phase.established : nil),
          .count(counted ? phase.accepted : nil),
          .count(counted ? phase.phantom : nil, style: phase.phantom > 0 ? "bad" : nil),
          .count(reached ? phase.failures : nil, style: phase.failures > 0 ? "bad" : nil),
          .count(phase.promise?.promised),
          .count(
            phase.promise?.missed, style: phase.promise?.isKept == false ? "bad" : nil),
          .count(phase.planLine),
        ]
      })
  }

  var thresholdsSection: Section {
    Section("thresholds", "Thresholds") {
      if !judgement.thresholds.isEmpty { thresholdTable.element }
      if let expectation = judgement.expectation {
        Element("dl", ["class": "pairs", "data-met": String(expectation.met)]) {
          pair(Fact(onOneLine(expectation.text), onOneLine(expectation.reason)))
        }
      }
    }
  }

  private var thresholdTable: Table {
    Table(
      caption: "What had to hold for the plan to pass",
      columns: [
        .init(title: "Threshold", key: "text"), .init(title: "Result", key: "passed"),
        .init(title: "Measured", key: "value"),
        .init(title: "Line", key: "line", isNumeric: true),
      ],
      rows: judgement.thresholds.map { threshold in
        [
          .text(onOneLine(threshold.text), style: "code"),
          !judgement.judgesThresholds
            ? .init(text: "not judged", value: nil, style: "outcome skipped")
            : .init(
              text: threshold.passed ? "passed" : "failed", value: String(threshold.passed),
              style: "outcome \(threshold.passed ? "done" : "limit")"),
          .init(text: onOneLine(threshold.reason), value: threshold.value.map { String($0) }),
          .count(threshold.planLine > 0 ? threshold.planLine : nil),
        ]
      })
  }

  var predictionSection: Section {
    Section("prediction", "Predicted and actual") {
      if !recording.prediction.isEmpty {
        if let predicted = recording.predicted { Element("p", [:], sentence(on: predicted)) }
        predictionTable.element
      }
    }
  }

  /// The most connections that the run reached, to be compared with the prediction: accepted ones
  /// where they are known, else established ones.
  private var actual: Int { metrics.accepted ?? metrics.established }

  private func sentence(on term: PredictionTerm) -> String {
    let predicted = Format.count(term.connections)
    let held = metrics.accepted != nil ? "Held at both ends" : "Established"
    return "Predicted limit: \(predicted) connections, by \(term.resource.rawValue) at the "
      + "\(term.end.rawValue). \(held): \(Format.count(actual)), "
      + "\(Format.share(Double(actual) / Double(max(1, term.connections)))) of it."
  }

  private var predictionTable: Table {
    let divisor = Double(max(1, actual))
    return Table(
      caption: "What each resource would allow by itself",
      columns: [
        .init(title: "Resource", key: "resource"), .init(title: "End", key: "end"),
        .init(title: "Connections", key: "connections", isNumeric: true),
        .init(title: "Against actual", key: "ratio", isNumeric: true),
        .init(title: "Because", key: "reason"),
      ],
      rows: recording.prediction.sorted { $0.connections < $1.connections }.map { term in
        let ratio = Double(term.connections) / divisor
        return [
          .text(term.resource.rawValue + (term.binds ? " (binds)" : "")),
          .text(term.end.rawValue), .count(term.connections),
          .init(
            text: "× "
              + (ratio < 10 ? Format.short(ratio, 2) : Format.count(Int(min(ratio, 1e15)))),
            value: Format.short(ratio, 3)),
          .text(onOneLine(term.reason)),
        ]
      })
  }

  var hostSection: Section {
    Section("host", "Host and its limits") {
      if !recording.host.isEmpty {
        Element("dl", ["class": "pairs columns"]) {
          for fact in recording.host.prefix(200) { pair(fact) }
        }
      }
    }
  }

  var planSection: Section {
    Section("plan", "Effective plan") {
      if !recording.overrides.isEmpty {
        Element("dl", ["class": "pairs"]) {
          for fact in recording.overrides.prefix(100) {
            pair(Fact("--set \(fact.name)", fact.value))
          }
        }
      }
      if !recording.effectivePlan.isEmpty {
        Element("pre", ["class": "plan", "tabindex": "0"]) {
          Element("code", [:], truncated(recording.effectivePlan, to: 100_000))
        }
      }
    }
  }
}

extension PhaseRecord.Outcome {
  fileprivate func word(reached: Bool) -> String {
    switch self {
    case .done, .limit, .interrupted, .aborted: rawValue
    case .skipped: reached ? "cut off" : "not reached"
    }
  }
}
