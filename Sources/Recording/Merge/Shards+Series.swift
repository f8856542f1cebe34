extension Shards {
  /// The series: those of connections and messages are added up, those of kernels stay apart by
  /// host.
  var series: [Series] {
    let keys = all.flatMap { $0.recording.series.map(\.key) }.uniqued
    return keys.flatMap { key in key.isKernel ? perHost(key) : [sum(of: key)].compactMap(\.self) }
  }

  /// One series per host; where there are several hosts, the label begins with the host's name. The
  /// kernel memory that connections take is added up instead.
  private func perHost(_ key: Series.Key) -> [Series] {
    let best = hosts.compactMap { host in longest(key, on: host).map { (host, $0) } }
    if key == .kernelMemory { return [Self.sum(best.map(\.1))].compactMap(\.self) }
    return best.map { host, series in
      var series = series
      if !isOneHost { series.key.label = key.label.isEmpty ? host : "\(host) \(key.label)" }
      return series
    }
  }

  /// Shards of one host have sampled the same kernel: the longest of their series stands for it.
  private func longest(_ key: Series.Key, on host: String) -> Series? {
    var best: Series?
    for shard in all where shard.recording.hostname == host {
      guard let series = shifted(key, of: shard) else { continue }
      if best == nil || series.points.count > best!.points.count { best = series }
    }
    return best
  }

  private func sum(of key: Series.Key) -> Series? {
    let parts = all.compactMap { shifted(key, of: $0) }
    // `messages.wanted` counts seconds, and all shards count the same ones: they do not add up.
    return Self.sum(parts, overlaps: key.name == "messages.wanted")
  }

  private func shifted(_ key: Series.Key, of shard: Shard) -> Series? {
    guard var series = shard.recording.series(key) else { return nil }
    for index in series.points.indices { series.points[index].at += shard.offset }
    return series
  }

  /// At each instant at which any part was sampled, the sum of the last finite value of each part;
  /// before its first one, a part counts as 0.
  ///
  /// - Parameter overlaps: whether the highest of these values counts, instead of their sum.
  private static func sum(_ parts: [Series], overlaps: Bool = false) -> Series? {
    guard var whole = parts.first else { return nil }
    if parts.count == 1 { return whole }
    let points = parts.enumerated().flatMap { index, part in
      part.points.map { PartPoint(at: $0.at, part: index, value: $0.value) }
    }.sortedStably(by: \.at)
    var values = [Double](repeating: 0, count: parts.count)
    whole.points = []
    for (index, point) in points.enumerated() {
      if point.value.isFinite { values[point.part] = point.value }
      let isLast = index + 1 == points.count || points[index + 1].at != point.at
      let value = overlaps ? values.max() ?? 0 : values.reduce(0, +)
      if isLast { whole.points.append(.init(at: point.at, value: value)) }
    }
    return whole
  }

  /// A point of one of the series that are added up.
  private struct PartPoint {
    var at: Double
    /// The place of the point's series in `parts`.
    var part: Int
    var value: Double
  }
}

extension Series.Key {
  /// Whether the series tells of the host, rather than of the connections of this run.
  fileprivate var isKernel: Bool {
    [
      "tcp", "memory", "files", "conntrack", "pressure", "cpu", "per-cpu", "cgroup", "icmp",
      "packets", "listener",
    ]
    .contains(name.prefix { $0 != "." })
  }
}
