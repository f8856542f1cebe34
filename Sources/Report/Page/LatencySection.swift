import Judgement
import Recording

/// Charts and a table of one latency: over time, and of the whole run.
struct LatencyFigures {
  let report: HTMLReport
  let latency: Latency
  /// The charts' ids are "chart-" and this, two of them with a suffix.
  let id: String
  /// "Connect latency".
  let title: String
  /// What each value belongs to: "connections".
  let population: String
  /// The instant from which `latency` counts, in words.
  var start = "the planned instant"
  /// The same of the uncorrected latency: "the call". Nil where there is none.
  var actualStart: String?

  private var recording: Recording { report.recording }

  @MarkupBuilder var content: [Node] {
    if let whole = report.metrics[latency], let highest = whole.maximum {
      // The uncorrected latency is never longer than the other: it may have the lowest value, but
      // not the highest.
      let lowest = [whole, uncorrected].compactMap { $0?.buckets.first?.value }.min() ?? 1
      let axis = Axis.latency(Double(max(1, lowest)) / 1e9...Double(max(2, highest)) / 1e9)
      overTime(axis).figure
      Element("div", ["class": "pair"]) {
        histogram(whole, axis).figure
        percentileCurves(whole, axis).figure
      }
      percentileTable.element
    }
  }

  private func overTime(_ axis: Axis) -> Chart {
    let intervals = Interval.all(of: latency, in: recording, atMost: 240)
    func ribbons(_ lower: Int, _ upper: Int) -> [Chart.Ribbon] {
      intervals.map { Chart.Ribbon(lower: $0.steps(lower), upper: $0.steps(upper)) }
    }
    func lines(_ index: Int) -> Curve { Curve(pieces: intervals.map { $0.steps(index) }) }
    return report.chart(
      "chart-\(id)", "\(title) over time", y: axis,
      layers: [
        .init(name: "p99 to max", ink: .shares[2], shape: .area(ribbons(2, 3))),
        .init(name: "p90 to p99", ink: .shares[1], shape: .area(ribbons(1, 2))),
        .init(name: "p50 to p90", ink: .shares[0], shape: .area(ribbons(0, 1))),
        .init(name: "p50", ink: .client, shape: .line(lines(0))),
      ])
  }

  /// Twelve bars per power of ten, all of one width on the axis.
  private func histogram(_ whole: Distribution, _ axis: Axis) -> Chart {
    let decades = max(1, axis.ticks.count - 1)
    let slots = decades * 12
    var counts = [Double](repeating: 0, count: slots)
    for bucket in whole.buckets {
      let slot = Int(axis.position(Double(bucket.value) / 1e9) * Double(slots))
      counts[min(slot, slots - 1)] += Double(bucket.count)
    }
    let bars = counts.indices.compactMap { slot -> Chart.Bar? in
      guard counts[slot] > 0 else { return nil }
      let from = Double(slot) / Double(slots)
      let to = (Double(slot) + 0.86) / Double(slots)
      return .init(from: axis.value(at: from), to: axis.value(at: to), value: counts[slot])
    }
    var chart = Chart(
      id: "chart-\(id)-distribution", title: "How often each latency occurred", x: axis,
      y: .counts(upTo: counts.max() ?? 0),
      layers: [.init(name: population, ink: .client, shape: .bars(bars))], height: 180)
    chart.markers = whole.named([.p50, .p99]).map {
      .init(at: $0.seconds, label: $0.name, isLimit: false)
    }
    return chart
  }

  private func percentileCurves(_ whole: Distribution, _ axis: Axis) -> Chart {
    var nines = 1
    while nines < 5, Double(whole.count) > Self.power(nines + 1) { nines += 1 }
    var layers = [
      Chart.Layer(
        name: "from \(start)", ink: .client,
        shape: .line(Self.percentileCurve(whole, nines)))
    ]
    if let uncorrected, let actualStart {
      layers.append(
        .init(
          name: "from \(actualStart)", ink: .planned,
          shape: .line(Self.percentileCurve(uncorrected, nines))))
    }
    return Chart(
      id: "chart-\(id)-percentiles", title: "Latency by percentile", x: .percentiles(upTo: nines),
      y: axis, layers: layers, height: 180)
  }

  private static func percentileCurve(_ distribution: Distribution, _ nines: Int) -> Curve {
    let steps = nines * 24
    let axis = Axis.percentiles(upTo: nines)
    let tails = (0...steps).map { axis.value(at: Double($0) / Double(steps)) }
    let values = distribution.percentiles(tails.map { 100 - 100 / $0 }) ?? []
    return Curve(pieces: [
      zip(tails, values).map { Series.Point(at: $0, value: Double($1) / 1e9) }
    ])
  }

  private static func power(_ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  private var uncorrected: Distribution? { latency.uncorrected.flatMap { report.metrics[$0] } }

  private var percentileTable: Table {
    let rows =
      [("from \(start)", report.metrics[latency])]
      + (actualStart.map { [("from \($0)", uncorrected)] } ?? [])
    let percentiles = report.judgement.thresholds.percentiles(of: latency)
    return Table(
      caption: "Percentiles of the whole run",
      columns: [.init(title: "Measured", key: "measured")]
        + percentiles.map { .init(title: $0.name, key: $0.name, isNumeric: true) }
        + [.init(title: capitalised(population), key: "count", isNumeric: true)],
      rows: rows.compactMap { name, measured in
        guard let measured else { return nil }
        return [.text(name)]
          + measured.named(percentiles).map { .seconds($0.seconds, Format.duration(seconds:)) }
          + [.count(Int(clamping: measured.count))]
      })
  }
}

/// The percentiles of a latency between two instants, in seconds since the run started.
private struct Interval {
  let from: Double
  let to: Double
  /// p50, p90, p99 and max, in seconds.
  let values: [Double]

  /// A horizontal line through the whole interval. `index` is the place of its height in `values`.
  func steps(_ index: Int) -> [Series.Point] {
    [.init(at: from, value: values[index]), .init(at: to, value: values[index])]
  }

  /// The recorded intervals. Neighbours are merged until about `limit` are left, few enough to be
  /// seen apart. Two intervals with a pause between them, longer than 1.5 usual intervals, are not
  /// merged.
  static func all(of latency: Latency, in recording: Recording, atMost limit: Int) -> [Interval] {
    let records = recording.distributions.filter { $0.latency == latency }
      .sorted { $0.from < $1.from }
    let size = max(1, (records.count + limit - 1) / limit)
    let widths = records.map { $0.to - $0.from }.sorted()
    let longestPause = widths.isEmpty ? 0 : widths[widths.count / 2] * 1.5
    var groups: [[DistributionRecord]] = []
    for record in records {
      if let last = groups.last?.last, groups[groups.count - 1].count < size,
        record.from - last.to <= longestPause
      {
        groups[groups.count - 1].append(record)
      } else {
        groups.append([record])
      }
    }
    return groups.compactMap(Interval.init)
  }

  private init?(_ group: [DistributionRecord]) {
    let whole = Distribution(merging: group.lazy.map(\.distribution))
    guard let values = whole.seconds(at: [.p50, .p90, .p99, .max]), let from = group.first?.from,
      let to = group.map(\.to).max()
    else { return nil }
    (self.from, self.to) = (from, to)
    self.values = values
  }
}

extension HTMLReport {
  var latencySection: Section {
    Section("latency", "Connect latency") {
      LatencyFigures(
        report: self, latency: .connect, id: "latency", title: "Connect latency",
        population: "connections", actualStart: "the call"
      ).content
    }
  }

  var secureSection: Section {
    Section("tls", "TLS handshake") {
      LatencyFigures(
        report: self, latency: .secure, id: "tls", title: "TLS handshake",
        population: "handshakes", start: "the end of TCP's handshake"
      ).content
    }
  }

  var roundTripSection: Section {
    Section("rtt", "Round trip") {
      LatencyFigures(
        report: self, latency: .roundTrip, id: "rtt", title: "Round trip", population: "answers",
        actualStart: "the send"
      ).content
    }
  }
}
