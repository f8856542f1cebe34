import Judgement
import Plan
import Recording

/// The goal beside what was achieved, and charts over time: connections, their rate, and failures.
extension HTMLReport {
  /// A chart over the time of the run, with its phases as bands and its limit as a marker.
  func chart(
    _ id: String, _ title: String, y: Axis, layers: [Chart.Layer], height: Int = 220
  ) -> Chart {
    var chart = Chart(
      id: id, title: title, x: .time(upTo: recording.duration), y: y, layers: layers, height: height
    )
    chart.bands = recording.phases.prefix(100).compactMap { phase in
      guard let started = phase.started else { return nil }
      let name = brief(phase.name, to: 100)
      return Chart.Band(name: name, from: started, to: phase.ended ?? recording.duration)
    }
    chart.markers = [judgement.limit].compactMap { $0 }.map { limit in
      Chart.Marker(at: limit.firstInstant, label: limit.type)
    }
    return chart
  }

  var goalSection: Section {
    Section("goal", "Goal and achieved") {
      // More than the goal may stand at once, as in a churn beside a ramp. Then a share of the goal
      // would say nothing.
      if let goal = metrics.goal, goal > 0, !metrics.ofGoal.isEmpty { achievement(goal) }
    }
  }

  /// One bar per end (client, server), on a track as long as the goal, or as the higher of the two
  /// counts where that exceeds the goal.
  private func achievement(_ goal: Int) -> Element {
    let full = Double(max(goal, metrics.established, metrics.accepted ?? 0))
    return Element("dl", ["class": "goal"]) {
      bar("Established at the client", metrics.established, full, goal, .client)
      if let accepted = metrics.accepted {
        bar("Accepted at the server", accepted, full, goal, .server)
      }
    }
  }

  /// - Parameter full: the count that fills the track.
  private func bar(_ name: String, _ value: Int, _ full: Double, _ goal: Int, _ ink: Ink) -> Element
  {
    let width = Format.short(Double(value) / full * 100, 3) + "%"
    return Element("div", ["data-value": String(value), "data-goal": String(goal)]) {
      Element("dt", [:], name)
      Element("dd") {
        Element("svg", ["width": "100%", "height": "14", "aria-hidden": "true"]) {
          Element(
            "rect",
            [
              "width": "100%", "height": "14", "rx": "3", "fill": "currentColor",
              "fill-opacity": "0.1",
            ])
          Element(
            "rect",
            [
              "class": ink.style + " area", "width": width, "height": "14", "rx": "3",
              "fill": ink.colour,
            ])
        }
        Element("b", [:], Format.count(value))
        Element(
          "span", [:],
          "of \(Format.count(goal)) (\(Format.share(Double(value) / Double(goal))))")
      }
    }
  }

  var connectionsSection: Section {
    Section("connections", "Connections") {
      if let connections { connections.figure }
    }
  }

  /// The connections that the built-in server held; nil where it did not count the run's
  /// connections (someone else's server never does), or nothing was recorded.
  private var accepted: Series? { recording.hasServerCount ? recording.series(.accepted) : nil }

  private var connections: Chart? {
    var layers: [Chart.Layer] = []
    if let series = recording.series(.established), !series.points.isEmpty {
      layers.append(
        .init(name: "client: established", ink: .client, shape: .filled(Curve(series.points))))
    }
    if let series = accepted, !series.points.isEmpty {
      layers.append(
        .init(name: "server: accepted", ink: .server, shape: .line(Curve(series.points))))
    }
    guard !layers.isEmpty else { return nil }
    if let series = recording.series(.connecting), let most = series.maximum, most > 0 {
      layers.append(
        .init(name: "client: connecting", ink: .planned, shape: .line(Curve(series.points))))
    }
    let most = Double(max(metrics.established, metrics.accepted ?? 0))
    let goal = metrics.goal.map(Double.init)
    // A goal far above the data would press the curves flat against the floor, so it is not drawn.
    let drawnGoal = goal.flatMap { $0 <= most * 2.5 ? $0 : nil }
    var chart = chart(
      "chart-connections", "Connections held", y: .counts(upTo: max(most, drawnGoal ?? 0)),
      layers: layers, height: 300)
    if let drawnGoal {
      chart.levels = [.init(value: drawnGoal, label: "goal \(Format.count(Int(drawnGoal)))")]
    }
    return chart
  }

  var rateSection: Section {
    Section("rate", "Connect rate and failures") {
      if let rate { rate.figure }
      if let failuresOverTime { failuresOverTime.figure }
      if !recording.failures.isEmpty { failureTable.element }
    }
  }

  /// Whether connections were closed while others came. Then the number that the server holds grows
  /// by less than the server accepts, so its growth is not the rate of accepts.
  private var comesAndGoes: Bool {
    recording.phases.contains { $0.kind.comesAndGoes && $0.started != nil }
      || (recording.series(.churned)?.maximum ?? 0) > 0
  }

  private var rate: Chart? {
    var layers: [Chart.Layer] = []
    var highest = 0.0
    for (series, name, ink) in [
      (
        recording.series(.handshakes) ?? recording.series(.established),
        "client: established a second", Ink.client
      ),
      (comesAndGoes ? nil : accepted, "server: accepted a second", Ink.server),
    ] {
      guard let growth = series?.growth, !growth.isEmpty else { continue }
      let curve = Curve(growth)
      highest = max(highest, curve.highest ?? 0)
      layers.append(.init(name: name, ink: ink, shape: .line(curve)))
    }
    guard !layers.isEmpty else { return nil }
    let planned = recording.phases.compactMap { phase -> [Series.Point]? in
      guard let rate = phase.plannedRate, phase.kind.addsConnections, let started = phase.started
      else {
        return nil
      }
      highest = max(highest, rate)
      return [
        .init(at: started, value: rate),
        .init(at: phase.openedUntil ?? phase.ended ?? recording.duration, value: rate),
      ]
    }
    if !planned.isEmpty {
      layers.append(.init(name: "planned", ink: .planned, shape: .line(Curve(pieces: planned))))
    }
    return chart(
      "chart-rate", "New connections a second", y: .counts(upTo: highest, suffix: "/s"),
      layers: layers)
  }

  private var failuresOverTime: Chart? {
    let causes = recording.series(named: "failures.by-cause")
      .filter { ($0.maximum ?? 0) > 0 }
      .sorted { ($0.maximum ?? 0) > ($1.maximum ?? 0) }
      .prefix(Ink.mostKinds)
    guard !causes.isEmpty else { return nil }
    let layers = causes.enumerated().map { index, series in
      Chart.Layer(
        name: brief(series.key.label, to: 100), ink: .kind(index),
        shape: .line(Curve(series.points)))
    }
    return chart(
      "chart-failures", "Failures so far, by cause",
      y: .counts(upTo: causes.compactMap(\.maximum).max() ?? 0), layers: layers, height: 160)
  }

  private var failureTable: Table {
    Table(
      caption: "Failures by cause",
      columns: [
        .init(title: "Call", key: "syscall"), .init(title: "End", key: "end"),
        .init(title: "Error", key: "errno"), .init(title: "Phase", key: "phase"),
        .init(title: "Times", key: "count", isNumeric: true),
        .init(title: "First", key: "instant", isNumeric: true),
        .init(title: "Established then", key: "established", isNumeric: true),
        .init(title: "Accepted then", key: "accepted", isNumeric: true),
        .init(title: "First at", key: "place"),
      ],
      rows: recording.failures.sorted { $0.count > $1.count }.map { failure in
        let place = [failure.source, failure.endpoint].compactMap { $0 }.joined(separator: " → ")
        return [
          .text(onOneLine(failure.syscall)), .text(failure.end.rawValue),
          .text(failure.errno.map { onOneLine($0.words) }), .text(onOneLine(failure.phase)),
          .count(failure.count), .seconds(failure.firstInstant, Format.instant),
          .count(failure.established),
          .count(recording.hasServerCount ? failure.accepted : nil),
          .text(place.isEmpty ? nil : onOneLine(place)),
        ]
      })
  }
}
