import Recording

/// What the connections cost the machine.
extension HTMLReport {
  var memorySection: Section {
    Section("memory", "Memory") {
      let charts = [kernelMemory, availableMemory].compactMap { $0 }
      if !charts.isEmpty {
        Element("div", ["class": "pair"]) { charts.map(\.figure) }
      }
      if metrics.kernelMemory != nil || metrics.userMemory != nil { costTable.element }
    }
  }

  private var kernelMemory: Chart? {
    var layers: [Chart.Layer] = []
    if let taken = recording.series(.kernelMemory), !taken.points.isEmpty {
      layers.append(
        .init(
          name: "kernel memory of the connections", ink: .kind(1).solid,
          shape: .filled(Curve(taken.points))))
    }
    if let slab = recording.series(.slab), !slab.points.isEmpty {
      layers.append(
        .init(name: "slab of the host", ink: .kind(3), shape: .line(Curve(slab.points))))
    }
    if let pages = recording.series(.tcpPages), !pages.points.isEmpty {
      let points = pages.points.map {
        Series.Point(at: $0.at, value: $0.value * 4096)
      }
      layers.append(
        .init(name: "TCP buffers of the host", ink: .kind(2), shape: .line(Curve(points))))
    }
    return layers.isEmpty
      ? nil
      : chart(
        "chart-kernel-memory", "Kernel memory",
        y: .bytes(upTo: layers.compactMap(\.highest).max() ?? 0), layers: layers, height: 170)
  }

  private var availableMemory: Chart? {
    guard let available = recording.series(.memoryAvailable), !available.points.isEmpty else {
      return nil
    }
    return chart(
      "chart-available", "Memory available", y: .bytes(upTo: available.maximum ?? 0),
      layers: [
        .init(name: "available", ink: .kind(3).solid, shape: .filled(Curve(available.points)))
      ],
      height: 170)
  }

  private var costTable: Table {
    let costs: [(String, Double?)] = [
      ("Kernel memory of the connections", metrics.kernelMemory),
      ("Workers' private memory", metrics.userMemory),
    ]
    let ends = metrics.established + (metrics.accepted ?? 0)
    return Table(
      caption: "Bytes a connection",
      columns: [
        .init(title: "Memory", key: "memory"),
        .init(title: "A connection end", key: "end", isNumeric: true),
        .init(title: "All \(Format.count(ends)) ends", key: "total", isNumeric: true),
      ],
      rows: costs.compactMap { name, cost in
        guard let cost else { return nil }
        let total = cost * Double(ends)
        return [
          .text(name),
          .init(text: Format.bytes(cost), value: Format.fixed(cost, 1)),
          .init(text: Format.bytes(total), value: Format.fixed(total, 0)),
        ]
      })
  }

  /// Every further series that the run recorded, one small chart a name.
  var kernelSection: Section {
    Section("kernel", "Kernel and processor") {
      let names = furtherNames
      let moving = names.filter { name in lines(of: name).contains { $0.highest ?? 0 > 0 } }
      let lineCount = moving.reduce(0) { $0 + lines(of: $1).count }
      if !moving.isEmpty {
        Element("div", ["class": "pair"]) {
          for (index, name) in moving.enumerated() {
            further(name, index, points: min(1200, max(60, 20_000 / max(1, lineCount)))).figure
          }
        }
      }
      let still = names.filter { !moving.contains($0) }
      if !still.isEmpty {
        Element(
          "p", ["class": "note"],
          "Stayed at zero: \(truncated(line(still.joined(separator: ", ")), to: 2000)).")
      }
    }
  }

  private var furtherNames: [String] {
    let known: Set<String> = [
      Series.Key.established.name, Series.Key.accepted.name, Series.Key.connecting.name,
      Series.Key.kernelMemory.name, Series.Key.slab.name, Series.Key.tcpPages.name,
      Series.Key.memoryAvailable.name,
      Series.Key.source("").name, Series.Key.endpoint("").name, Series.Key.failures("").name,
    ]
    var seen = known
    return Array(recording.series.map(\.key.name).filter { seen.insert($0).inserted }.prefix(40))
  }

  private func lines(of name: String) -> [Chart.Layer] {
    further(name, 0, points: 60).layers
  }

  private func further(_ name: String, _ index: Int, points: Int) -> Chart {
    let series = recording.series(named: name).prefix(Ink.mostKinds)
    let isCounter = series.first?.kind == .counter
    let unit = series.first.map { line($0.unit) } ?? ""
    let layers = series.enumerated().map { index, series in
      Chart.Layer(
        name: series.key.label.isEmpty ? name : truncated(line(series.key.label), to: 100),
        ink: index == 0 ? .kind(1).solid : .kind(index + 1),
        shape: .line(Curve(isCounter ? series.growth : series.points, limit: points)))
    }
    let highest = layers.compactMap(\.highest).max() ?? 0
    let lowest = layers.compactMap(\.lowest).min() ?? 0
    let axis: Axis =
      unit == "bytes" ? .bytes(from: lowest, upTo: highest) : .values(from: lowest, upTo: highest)
    let title = truncated(line(name), to: 100)
    let suffix = isCounter ? "\(unit) a second" : unit
    return chart(
      "chart-series-\(index)", suffix.isEmpty ? title : "\(title), \(truncated(suffix, to: 40))",
      y: axis, layers: layers, height: 130)
  }
}

extension Chart.Layer {
  fileprivate var curve: Curve? {
    switch shape {
    case .line(let curve), .filled(let curve): curve
    case .area, .bars: nil
    }
  }

  fileprivate var highest: Double? { curve?.highest }
  fileprivate var lowest: Double? { curve?.lowest }
}
