extension Shards {
  /// The series of all shards. Those of connections, messages and processes are added up. Those of the kernel are kept
  /// for each host.
  var series: [Series] {
    let keys = all.flatMap { $0.recording.series.map(\.key) }.uniqued
    return withRemoteAccepted(
      keys.flatMap { key in key.isKernel ? perHost(key) : [sum(of: key)].compactMap(\.self) })
  }

  /// The series, with connections of the shards that only drive moved from `others` to `accepted`. A serving shard has
  /// counted them as `others`, because they come from elsewhere than its own clients.
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

  /// How many of the connections from elsewhere belong to shards that only drive. At most as many as these shards have
  /// established (`remote`), and as all shards have established without being counted as accepted.
  static func joined(others: Double, remote: Double, established: Double, accepted: Double) -> Int {
    Int(saturating: max(0, min(others, remote, established - accepted)))
  }

  /// One series per host. Where there are several hosts, the label begins with the host's name. `kernelMemory` is
  /// added up over the hosts instead, because it is the memory of this run's connections.
  private func perHost(_ key: Series.Key) -> [Series] {
    let best = hosts.compactMap { host in longest(key, on: host).map { (host, $0) } }
    if key == .kernelMemory { return [Self.sum(best.map(\.1))].compactMap(\.self) }
    return best.map { host, series in
      var series = series
      if !isOneHost { series.key.label = key.label.isEmpty ? host : "\(host) \(key.label)" }
      return series
    }
  }

  /// The series of a host. Its shards have all sampled the same kernel, so the series with the most points is taken.
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
    // `messages.wanted` counts seconds. Shards that send at the same time count the same seconds.
    return key.name == "messages.wanted" ? Self.union(parts) : Self.sum(parts)
  }

  /// A series of a shard, with the instants of the merged recording.
  private func shifted(_ key: Series.Key, of shard: Shard) -> Series? {
    guard var series = shard.recording.series(key) else { return nil }
    for index in series.points.indices { series.points[index].at += shard.offset }
    return series
  }

  /// The sum of the parts at each instant at which any of them was sampled. A part counts with its last finite value,
  /// and with 0 before its first one.
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

  /// The seconds in which at least one shard sent messages, of parts that each count the seconds of one shard. From
  /// each instant at which any part was sampled to the next, the result rises as much as the part that rises most.
  /// Between two of its samples a part rises evenly.
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
  /// The value at an instant, on the straight line between the points on either side; 0 before the first point, and
  /// the last value after the last one.
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
  /// Whether the series is the kernel's, about the host, rather than about the connections of this run.
  fileprivate var isKernel: Bool {
    [
      "tcp", "memory", "files", "conntrack", "pressure", "cpu", "per-cpu", "cgroup", "icmp",
      "packets", "listener",
    ]
    .contains(name.prefix { $0 != "." })
  }
}
