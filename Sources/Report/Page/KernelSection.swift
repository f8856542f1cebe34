import Recording

/// The series that are not `shownElsewhere`, with one chart for each family of them.
extension HTMLReport {
  var kernelSection: Section {
    Section("kernel", "Kernel, processor and counters") {
      let (families, undrawn) = families
      let drawn = families.filter(\.isEverAboveZero)
      let lineCount = drawn.reduce(0) { $0 + $1.series.count }
      if !drawn.isEmpty {
        Element("div", ["class": "pair"]) {
          for (index, family) in drawn.enumerated() {
            picture(family, index, points: min(1200, max(60, 16_000 / max(1, lineCount)))).figure
          }
        }
      }
      for note in drawn.compactMap(\.note) + undrawn { Element("p", ["class": "note"], note) }
      let atZero = families.filter { !$0.isEverAboveZero }.map(\.name)
      if !atZero.isEmpty {
        Element(
          "p", ["class": "note"],
          "Stayed at zero: \(truncated(onOneLine(atZero.joined(separator: ", ")), to: 2000)).")
      }
    }
  }

  /// The series of one chart. They have one unit, and either one name or one part of the machine in
  /// common.
  private struct Family {
    let name: String
    let unit: String
    var series: [Series]
    /// A sentence on which of the family's series are drawn; nil where all are.
    var note: String?
    /// Whether any point of any of its series is above zero, also of those that are not drawn: of idle time, the
    /// lowest are drawn.
    var isEverAboveZero = false

    var isCounter: Bool { series.first?.kind == .counter }

    /// The points that are drawn: for a counter, its growth per second.
    func points(of series: Series) -> [Series.Point] {
      isCounter ? series.growth : series.points
    }

    mutating func noteWhetherAboveZero() {
      isEverAboveZero = series.contains { series in points(of: series).contains { $0.value > 0 } }
    }
  }

  /// The names of series that other sections show, so that this section leaves them out.
  private static let shownElsewhere: Set<String> = {
    let keys: [Series.Key] = [
      .established, .accepted, .connecting, .handshakes, .kernelMemory, .slab, .tcpPages,
      .memoryAvailable,
      .source(""), .endpoint(""), .failures(""), .bytesSent, .bytesReceived,
    ]
    return Set(keys.map(\.name) + MessageOutcome.allCases.map(\.seriesName))
  }()

  /// The families that are drawn, and a sentence on those that are not.
  private var families: (drawn: [Family], undrawn: [String]) {
    var families: [Family] = []
    var leftOut: Set<String> = []
    var places: [[String]: Int] = [:]
    for series in recording.series where !Self.shownElsewhere.contains(series.key.name) {
      let (name, unit) = (Self.family(of: series), Self.unit(of: series))
      if let place = places[[name, unit]] {
        families[place].series.append(series)
      } else if families.count < 40 {
        places[[name, unit]] = families.count
        families.append(Family(name: name, unit: unit, series: [series]))
      } else {
        leftOut.insert(name)
      }
    }
    for index in families.indices { families[index].noteWhetherAboveZero() }
    // A reader can tell only `mostKinds` lines of a chart apart. Of a larger family, such as one
    // series per processor, the series with the highest maxima are drawn. Of idle time those with
    // the lowest are drawn, because they are of the busiest processors.
    for index in families.indices where families[index].series.count > Ink.mostKinds {
      let (name, all) = (families[index].name, families[index].series)
      let isIdle = name == "per-cpu.idle"
      let sorted = all.sorted {
        isIdle ? ($0.maximum ?? 0) < ($1.maximum ?? 0) : ($0.maximum ?? 0) > ($1.maximum ?? 0)
      }
      families[index].series = Array(sorted.prefix(Ink.mostKinds))
      families[index].note =
        "Of \(brief(name, to: 100)) the \(Ink.mostKinds) \(isIdle ? "lowest" : "highest") are drawn; "
        + "\(Format.count(all.count - Ink.mostKinds)) more are not."
    }
    guard !leftOut.isEmpty else { return (families, []) }
    let names = truncated(onOneLine(leftOut.sorted().joined(separator: ", ")), to: 2000)
    return (families, ["Not drawn: \(names)."])
  }

  /// The name of the series' family: most often the series' own. But the modes of the processors
  /// (`cpu.user`, `cpu.system`) are one family, the kinds of pressure are one, and so are the times
  /// stalled by each kind.
  private static func family(of series: Series) -> String {
    let parts = series.key.name.split(separator: ".")
    guard parts.count > 1, ["cpu", "pressure"].contains(parts[0]) else { return series.key.name }
    return parts[0] + (parts.last == "stalled" ? ".stalled" : "")
  }

  /// The unit of the points that are drawn: for a counter, of its growth per second.
  private static func unit(of series: Series) -> String {
    guard series.kind == .counter else { return series.unit }
    return (series.unit == "s" ? "seconds" : series.unit) + " a second"
  }

  private func picture(_ family: Family, _ index: Int, points: Int) -> Chart {
    let layers = family.series.enumerated().map { index, series in
      let name = series.key.label.isEmpty ? series.key.name : series.key.label
      // `.kind(0)` is red, the colour of limits, so the last of `mostKinds` lines takes it.
      return Chart.Layer(
        name: brief(name, to: 100),
        ink: index == 0 ? .kind(1).solid : .kind(index + 1),
        shape: .line(Curve(family.points(of: series), limit: points)))
    }
    let highest = layers.compactMap(\.highest).max() ?? 0
    let lowest = layers.compactMap(\.lowest).min() ?? 0
    let unit = brief(family.unit, to: 40)
    let axis: Axis =
      family.series.first?.unit == "bytes"
      ? .bytes(from: lowest, upTo: highest) : .values(from: lowest, upTo: highest)
    let title = brief(family.name, to: 100)
    return chart(
      "chart-series-\(index)", unit.isEmpty ? title : "\(title), \(unit)", y: axis,
      layers: layers, height: 130)
  }
}
