import Recording

/// The memory that the connections cost, in the kernel and in the workers.
extension HTMLReport {
  var memorySection: Section {
    Section("memory", "Memory") {
      let charts = [kernelMemory, availableMemory].compactMap { $0 }
      if !charts.isEmpty {
        Element("div", ["class": "pair"]) { charts.map(\.figure) }
      }
      if metrics.kernelMemory != nil || metrics.userMemory != nil {
        Element("div", ["class": "pair"]) {
          if let costOverTime { costOverTime.figure }
          costTable.element
        }
      }
    }
  }

  /// Kernel memory per connection end. Instants with fewer than 5% of the largest number of ends
  /// are left out: with so few ends the quotient says nothing.
  private var costOverTime: Chart? {
    guard let taken = recording.series(.kernelMemory) else { return nil }
    // `level` finds the number of ends between samples: in a merged recording each end may have
    // been sampled at instants of its own.
    let clients = recording.series(.established)
    // Where the built-in server has no count of its own, it has as many ends as the clients.
    let server =
      recording.hasServerCount
      ? recording.series(.accepted) : recording.hasOwnServer ? clients : nil
    let ends = [clients, server].compactMap(\.self)
    let counts = taken.points.map { point in ends.reduce(0) { $0 + $1.level(at: point.at) } }
    guard let most = counts.max(), most > 0 else { return nil }
    let points = zip(taken.points, counts).map { point, count in
      Series.Point(at: point.at, value: count >= most * 0.05 ? point.value / count : .nan)
    }
    let curve = Curve(points)
    guard let highest = curve.highest else { return nil }
    return chart(
      "chart-cost", "Kernel memory a connection end", y: .bytes(upTo: highest),
      layers: [
        .init(
          name: "kernel memory a connection end", ink: .kind(1).solid, shape: .filled(curve))
      ],
      height: 130)
  }

  /// Bytes of a memory page of the recorded host, from its facts; 4096, as on x86, where they do
  /// not say.
  var pageSize: Double {
    let text = recording.host.first { $0.name == "page size" }?.value
    let words = text?.split(separator: " ") ?? []
    guard words.count == 2, words[1] == "KiB", let count = Double(words[0]) else { return 4096 }
    return count * 1024
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
        Series.Point(at: $0.at, value: $0.value * pageSize)
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
    let ends = metrics.connectionEnds
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
}

extension Chart.Layer {
  fileprivate var curve: Curve? {
    switch shape {
    case .line(let curve), .filled(let curve): curve
    case .area, .bars: nil
    }
  }

  var highest: Double? { curve?.highest }
  var lowest: Double? { curve?.lowest }
}
