import Recording

/// The series and the latencies in the OpenMetrics text format, version 1.0, each value with the
/// instant of the run at which it was taken.
func openMetricsExport(_ recording: Recording) -> [UInt8] {
  let writer = OpenMetricsWriter(epoch: recording.epoch, plan: recording.planName)
  var lines: [String] = []
  var latencies: [Latency] = []
  for record in recording.distributions where !latencies.contains(record.latency) {
    latencies.append(record.latency)
  }
  var takenNames: Set<String> = []
  for latency in latencies {
    let name = latencyName(latency)
    // Of two latencies whose names differ in punctuation alone, only the first is exported.
    guard takenNames.isDisjoint(with: [name]) else { continue }
    takenNames.formUnion([name, name + "_count", name + "_sum", name + "_created"])
    lines += writer.summary(
      name, of: recording.distributions.filter { $0.latency == latency },
      latency, recording.thresholds.percentiles(of: latency))
  }
  lines += writer.recoveries(of: recording.phases, takenNames: &takenNames)
  for family in MetricFamily.all(of: recording.series, besides: takenNames) {
    lines += writer.lines(of: family)
  }
  return Array(((lines + ["# EOF"]).joined(separator: "\n") + "\n").utf8)
}

private func latencyName(_ latency: Latency) -> String {
  "runner_\(MetricFamily.plain(latency.name))_latency_seconds"
}

private struct OpenMetricsWriter {
  let epoch: Double
  let plan: String

  func lines(of family: MetricFamily) -> [String] {
    var lines = head(family.name, family.type, family.unit, family.help)
    let isCounter = family.type == Series.Kind.counter.rawValue
    let name = isCounter ? family.name + "_total" : family.name
    for series in family.series {
      let labels = labels(series.key.label.isEmpty ? [] : [("label", series.key.label)])
      // A counter below zero is invalid: readers would refuse the whole file.
      let points = series.points.filter { $0.value.isFinite && (!isCounter || $0.value >= 0) }
      for group in byMillisecond(points, \.at) {
        guard let last = group.last else { continue }
        lines.append("\(name)\(labels) \(last.value.plain) \(stamp(last.at))")
      }
    }
    return lines
  }

  /// The lines of one latency: for each phase, at the end of each interval, the percentiles of the
  /// interval and the count of all values of the phase so far.
  func summary(
    _ name: String, of records: [DistributionRecord], _ latency: Latency,
    _ percentiles: [Percentile]
  ) -> [String] {
    var lines = head(
      name, "summary", "seconds",
      "\(onOneLine(latency.name)) latency of the recording, by interval")
    var phases: [String] = []
    for record in records where !phases.contains(record.phase) { phases.append(record.phase) }
    for phase in phases {
      let here = records.filter { $0.phase == phase }
      var count: UInt64 = 0
      for group in byMillisecond(here, \.to) {
        guard let end = group.last?.to else { continue }
        // In a merged recording, intervals of several shards may end together.
        let distribution = Distribution(merging: group.map(\.distribution))
        count &+= distribution.count
        let values = distribution.seconds(at: percentiles) ?? []
        for (percentile, seconds) in zip(percentiles, values) {
          let labels = labels([("phase", phase), ("quantile", quantile(percentile))])
          lines.append("\(name)\(labels) \(seconds.plain) \(stamp(end))")
        }
        lines.append("\(name)_count\(labels([("phase", phase)])) \(count) \(stamp(end))")
      }
    }
    return lines
  }

  /// The lines of how long each storm took until what it had cut stood again, at the end of the storm.
  /// None for a storm of which not all came back in time.
  func recoveries(of phases: [PhaseRecord], takenNames: inout Set<String>) -> [String] {
    let name = "runner_recovery_seconds"
    let values = phases.compactMap { phase -> String? in
      guard let recovery = phase.recovery, let ended = phase.ended, recovery.isFinite,
        ended.isInstant
      else { return nil }
      return "\(name)\(labels([("phase", phase.name)])) \(recovery.plain) \(stamp(ended))"
    }
    guard !values.isEmpty, takenNames.insert(name).inserted else { return [] }
    return head(name, "gauge", "seconds", "from a storm's cut until what it had cut stood again")
      + values
  }

  private func quantile(_ percentile: Percentile) -> String { String(percentile.quantile) }

  private func head(_ name: String, _ type: String, _ unit: String?, _ help: String) -> [String] {
    var lines = ["# TYPE \(name) \(type)"]
    if let unit { lines.append("# UNIT \(name) \(unit)") }
    return lines + ["# HELP \(name) \(escaped(help))"]
  }

  private func labels(_ more: [(name: String, value: String)]) -> String {
    let all = [("plan", plan)] + more
    return "{" + all.map { "\($0.0)=\"\(escaped(onOneLine($0.1)))\"" }.joined(separator: ",") + "}"
  }

  private func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }

  private func stamp(_ at: Double) -> String { Format.fixed(epoch + at, 3) }

  /// The elements in order of time, grouped by the millisecond: a metric's timestamps must rise,
  /// and `stamp` writes milliseconds. Elements whose instant is no `isInstant` are left out.
  private func byMillisecond<Element>(_ all: [Element], _ at: (Element) -> Double) -> [[Element]] {
    var groups: [[Element]] = []
    var last = -Double.infinity
    for element in all.filter({ at($0).isInstant }).sorted(by: { at($0) < at($1) }) {
      let instant = ((epoch + at(element)) * 1000).rounded()
      if instant > last { groups.append([]) }
      groups[groups.count - 1].append(element)
      last = instant
    }
    return groups
  }
}
