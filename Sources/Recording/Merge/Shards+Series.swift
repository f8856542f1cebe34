extension Shards {
  /// The series: those of connections and messages are added up, those of kernels stay apart by
  /// host.
  var series: [Series] {
    let keys = all.flatMap { $0.recording.series.map(\.key) }.uniqued
    return withRemoteAccepted(
      keys.flatMap { key in key.isKernel ? perHost(key) : [sum(of: key)].compactMap(\.self) })
  }

  /// The series, with what shards that only drive have established counted as accepted where a serving shard
  /// holds as many connections from elsewhere (`others`). To that shard they are strangers'.
  private func withRemoteAccepted(_ merged: [Series]) -> [Series] {
    let remote = Self.sum(
      all.filter { $0.drives && !$0.serves }.compactMap { shifted(.established, of: $0) })
    guard serves, let remote, let established = merged.first(where: { $0.key == .established }),
      let others = merged.first(where: { $0.key == .others })
    else { return merged }
    let own = merged.first { $0.key == .accepted }
    func joined(at instant: Double) -> Int {
      Self.joined(
        others: others.level(at: instant), remote: remote.level(at: instant),
        established: established.level(at: instant), accepted: own?.level(at: instant) ?? 0)
    }
    var (accepted, strangers) = (own ?? others, others)
    accepted.key = .accepted
    for (index, point) in accepted.points.enumerated() {
      accepted.points[index].value = (own == nil ? 0 : point.value) + Double(joined(at: point.at))
    }
    for (index, point) in strangers.points.enumerated() {
      strangers.points[index].value -= Double(joined(at: point.at))
    }
    return merged.filter { ![.accepted, .others].contains($0.key) }
      + [accepted, strangers].filter { ($0.maximum ?? 0) > 0 }
  }

  /// How many connections from elsewhere are those of shards that only drive: no more than these have
  /// established, and no more than are established in all and not accepted.
  static func joined(others: Double, remote: Double, established: Double, accepted: Double) -> Int {
    Int(saturating: max(0, min(others, remote, established - accepted)))
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
    // `messages.wanted` counts seconds, and shards that go on together count the same ones.
    return key.name == "messages.wanted" ? Self.union(parts) : Self.sum(parts)
  }

  private func shifted(_ key: Series.Key, of shard: Shard) -> Series? {
    guard var series = shard.recording.series(key) else { return nil }
    for index in series.points.indices { series.points[index].at += shard.offset }
    return series
  }

  /// At each instant at which any part was sampled, the sum of the last finite value of each part;
  /// before its first one, a part counts as 0.
  private static func sum(_ parts: [Series]) -> Series? {
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
      if isLast { whole.points.append(.init(at: point.at, value: values.reduce(0, +))) }
    }
    return whole
  }

  /// Seconds in which any part went on: from each instant at which any part was sampled to the next, the
  /// largest rise of any part. Between two samples a part rises evenly.
  private static func union(_ parts: [Series]) -> Series? {
    guard var whole = parts.first else { return nil }
    if parts.count == 1 { return whole }
    let parts = parts.map { $0.points.filter(\.value.isFinite) }
    var next = [Int](repeating: 0, count: parts.count)
    var levels = [Double](repeating: 0, count: parts.count)
    var value = 0.0
    whole.points = []
    for instant in parts.joined().map(\.at).sorted() where whole.points.last?.at != instant {
      var rise = 0.0
      for (index, points) in parts.enumerated() {
        while next[index] < points.count, points[next[index]].at <= instant { next[index] += 1 }
        let level = points.level(at: instant, before: next[index])
        rise = max(rise, level - levels[index])
        levels[index] = level
      }
      value += rise
      whole.points.append(.init(at: instant, value: value))
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

extension [Series.Point] {
  /// The value at an instant, on the straight line between the points on either side; 0 before the first point.
  ///
  /// - Parameter next: the place of the first point after the instant.
  fileprivate func level(at instant: Double, before next: Int) -> Double {
    guard next > 0 else { return 0 }
    let last = self[next - 1]
    guard next < count else { return last.value }
    let share = (instant - last.at) / (self[next].at - last.at)
    return last.value + (self[next].value - last.value) * share
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
