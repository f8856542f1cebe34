import Judgement
import Plan
package import Recording

/// How the plan's last runs came out. This run is the last of them.
extension HTMLReport {
  var historySection: Section {
    Section("history", "The last runs of this plan") {
      if !earlier.history.isEmpty {
        let own = RecordingSummary(recording, metrics, verdict: judgement.verdict)
        let runs: [RecordingSummary] = earlier.history.suffix(EarlierRuns.mostRuns - 1) + [own]
        if !recording.hasServerCount, let guess = RecordingSummary.guess(of: runs) {
          Element("p", ["class": "note"], "A guess: \(guess)")
        }
        RunTrend(runs: runs).content
      }
    }
  }
}

extension RecordingSummary {
  /// How many runs in a row must stop at the same number before `guess` names a cause: fewer may be
  /// chance.
  private static let runsAlike = 3

  /// Why someone else's server stops at the same number again and again, in words; nil where the
  /// last `runsAlike` runs did not stop at one number.
  ///
  /// - Parameter runs: oldest first.
  package static func guess(of runs: [RecordingSummary]) -> String? {
    guard let last = runs.last, last.held > 0, last.verdict == .limit else { return nil }
    let alike = runs.reversed().prefix { $0.held == last.held && $0.verdict == .limit }.count
    guard alike >= runsAlike else { return nil }
    return "the last \(Format.count(alike)) runs stopped at \(Format.count(last.held)) connections"
      + " each, so the server may have a configured maximum"
  }
}

/// Charts with a bar per run, and a table with a row per run.
private struct RunTrend {
  /// Oldest first.
  let runs: [RecordingSummary]

  @MarkupBuilder var content: [Node] {
    Element("div", ["class": "pair"]) {
      heldByRun.figure
      if let latencyByRun { latencyByRun.figure }
    }
    Element("details") {
      Element("summary", [:], "\(Format.count(runs.count)) runs")
      runTable.element
    }
  }

  private var heldByRun: Chart {
    let most = runs.map(\.held).max() ?? 0
    let goal = runs.last?.goal.map(Double.init)
    // As in the chart of connections, a goal far above the bars would press them flat.
    let drawnGoal = goal.flatMap { $0 <= Double(most) * 2.5 ? $0 : nil }
    var chart = Chart(
      id: "chart-history-held", title: "Connections held, run by run", x: names,
      y: .counts(upTo: max(Double(most), drawnGoal ?? 0)),
      layers: layers { Double($0.held) }, height: 150)
    if let drawnGoal {
      chart.levels = [.init(value: drawnGoal, label: "goal \(Format.count(Int(drawnGoal)))")]
    }
    return chart
  }

  private var latencyByRun: Chart? {
    let measured = runs.compactMap(\.connectP99)
    guard let highest = measured.max() else { return nil }
    return Chart(
      id: "chart-history-p99", title: "Connect p99, run by run", x: names,
      y: .durations(upTo: highest), layers: layers(\.connectP99), height: 150)
  }

  private var names: Axis { .runs(runs.map(\.shortName)) }

  /// Bars of one colour for the runs that passed, and of another for all others.
  private func layers(_ value: (RecordingSummary) -> Double?) -> [Chart.Layer] {
    func bars(_ isIncluded: (RecordingSummary) -> Bool) -> [Chart.Bar] {
      runs.enumerated().compactMap { index, run in
        guard isIncluded(run), let value = value(run) else { return nil }
        return .init(from: Double(index) + 0.15, to: Double(index) + 0.85, value: value)
      }
    }
    let all: [(String, Ink, [Chart.Bar])] = [
      ("passed", .client, bars { $0.verdict == .passed }),
      ("not passed", .server, bars { $0.verdict != .passed }),
    ]
    return all.filter { !$0.2.isEmpty }.map { .init(name: $0, ink: $1, shape: .bars($2)) }
  }

  private var runTable: Table {
    Table(
      caption: "The last runs, the newest first",
      columns: [
        .init(title: "Started (UTC)", key: "started"), .init(title: "Verdict", key: "verdict"),
        .init(title: "Held", key: "held", isNumeric: true),
        .init(title: "Goal", key: "goal", isNumeric: true),
        .init(title: "Connect p99", key: "connect.p99", isNumeric: true),
        .init(title: "Limit", key: "limit"),
      ],
      rows: runs.reversed().map { run in
        let verdict = run.verdict?.rawValue ?? "cut off"
        return [
          .init(text: run.name, value: brief(run.started)),
          .text(verdict, style: "outcome \(run.verdict == .passed ? "done" : "limit")"),
          .count(run.held), .count(run.goal),
          .seconds(run.connectP99, Format.duration(seconds:)), .text(run.limit.map(onOneLine)),
        ]
      })
  }
}

extension RecordingSummary {
  /// When the run started: "2026-01-02 03:04:05".
  fileprivate var name: String {
    started.count < 19
      ? brief(started) : onOneLine("\(started.prefix(10)) \(started.dropFirst(11).prefix(8))")
  }

  /// "01-02 03:04".
  fileprivate var shortName: String { String(name.dropFirst(5).prefix(11)) }
}
