import Recording

/// How many connections each source address, endpoint and worker held.
extension HTMLReport {
  var endsSection: Section {
    Section("ends", "Sources, endpoints and workers") {
      addresses(sources)
      addresses(endpoints)
      if !recording.workers.isEmpty {
        Element("details") {
          Element("summary", [:], "\(Format.count(recording.workers.count)) workers")
          workerTable.element
        }
      }
    }
  }

  /// The series of one kind of address (source or endpoint), and how they are titled.
  private struct Addresses {
    let id: String
    let title: String
    let kind: String
    /// What the numbers count, as a column's title: "Established" or "Accepted".
    let counted: String
    let ink: Ink
    let series: [Series]
    /// The most connections of each series.
    let maxima: [Double]
    /// The highest of `maxima`.
    let most: Double

    init(
      id: String, title: String, kind: String, counted: String, ink: Ink, series: [Series]
    ) {
      (self.id, self.title, self.kind) = (id, title, kind)
      (self.counted, self.ink, self.series) = (counted, ink, series)
      maxima = series.map { $0.maximum ?? 0 }
      most = maxima.max() ?? 0
    }
  }

  private var sources: Addresses {
    Addresses(
      id: "source", title: "Connections by source", kind: "Source", counted: "Established",
      ink: .client, series: recording.series(named: Series.Key.source("").name))
  }

  private var endpoints: Addresses {
    Addresses(
      id: "endpoint", title: "Connections by endpoint", kind: "Endpoint", counted: "Accepted",
      ink: .server, series: recording.series(named: Series.Key.endpoint("").name))
  }

  /// The most small charts that a reader can take in. Further series are in the table only.
  private static let mostPictures = 16

  @MarkupBuilder private func addresses(_ addresses: Addresses) -> [Node] {
    let shown = addresses.series.filter { !$0.points.isEmpty }.prefix(Self.mostPictures)
    // A single picture would repeat the chart of all connections.
    if shown.count > 1 {
      Element("div") {
        Element("h3", [:], addresses.title)
        Element("div", ["class": "multiples"]) {
          for (index, series) in shown.enumerated() {
            picture(series, index, addresses).figure
          }
        }
        if addresses.series.count > shown.count {
          let others = Format.count(addresses.series.count - shown.count)
          Element("p", ["class": "note"], "and \(others) more, in the table below")
        }
      }
    }
    if !addresses.series.isEmpty { folded(addressTable(addresses)) }
  }

  /// A small chart of one series. All charts of one kind have the same scale, so that differences
  /// show.
  private func picture(_ series: Series, _ index: Int, _ addresses: Addresses) -> Chart {
    var chart = chart(
      "chart-\(addresses.id)-\(index)", brief(series.key.label, to: 60),
      y: Axis.counts(upTo: addresses.most).sparse,
      layers: [
        .init(
          name: addresses.counted, ink: addresses.ink.solid,
          shape: .filled(Curve(series.points, limit: 80)))
      ], height: 56)
    chart.x = chart.x.sparse
    chart.markers = []
    chart.isSmall = true
    return chart
  }

  /// The table, folded where it is long: dozens of rows would push everything below out of sight.
  private func folded(_ table: Table) -> Element {
    guard table.rows.count > 12 else { return table.element }
    return Element("details") {
      Element("summary", [:], "\(table.caption), \(Format.count(table.rows.count)) rows")
      table.element
    }
  }

  private func addressTable(_ addresses: Addresses) -> Table {
    Table(
      caption: "Most connections by \(addresses.kind.lowercased())",
      columns: [
        .init(title: addresses.kind, key: "address"),
        .init(title: addresses.counted, key: "connections", isNumeric: true),
      ],
      rows: zip(addresses.series, addresses.maxima).map { series, value in
        [
          .text(onOneLine(series.key.label), style: "code"),
          .init(
            text: Format.count(value.rounded()), value: Format.short(value, 0),
            bar: addresses.most > 0 ? value / addresses.most : 0),
        ]
      })
  }

  private var workerTable: Table {
    Table(
      caption: "Workers, one process each",
      columns: [
        .init(title: "Worker", key: "id"), .init(title: "End", key: "end"),
        .init(title: "Endpoint", key: "endpoint"),
        .init(title: "Connections", key: "connections", isNumeric: true),
        .init(title: "User time", key: "user", isNumeric: true),
        .init(title: "System time", key: "system", isNumeric: true),
        .init(title: "Private memory", key: "private", isNumeric: true),
        .init(title: "Ended", key: "ended"),
      ],
      rows: recording.workers.map { worker in
        [
          .text(String(worker.id)), .text(worker.end.rawValue),
          .text(worker.endpoint.map(onOneLine)),
          .count(worker.connections), .seconds(worker.userTime, Format.duration(seconds:)),
          .seconds(worker.systemTime, Format.duration(seconds:)),
          .init(
            text: worker.privateBytes.map { Format.bytes($0) } ?? "–",
            value: worker.privateBytes.map(String.init)),
          .text(worker.ending, style: worker.signal == nil ? nil : "bad"),
        ]
      }, limit: 300)
  }
}

extension WorkerRecord {
  fileprivate var ending: String {
    if let signal { return "signal \(signal)" }
    return exitCode.map { "exit \($0)" } ?? "–"
  }
}
