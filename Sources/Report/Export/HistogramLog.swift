import FoundationEssentials
import Recording

/// The latencies as an HdrHistogram interval log, format 1.3: one line per interval, tagged with
/// the latency's name. The histograms are in nanoseconds. Intervals are in seconds and their maxima
/// in milliseconds, as such logs have them.
func histogramLog(_ recording: Recording) -> [UInt8] {
  let measured = recording.distributions
    .filter { $0.distribution.maximum != nil && $0.from.isInstant && $0.to.isInstant }
    .sorted { $0.from < $1.from }
  // An hour is what most tools that write such logs make room for.
  let hour: UInt64 = 3_600_000_000_000
  let encoding = HistogramEncoding(
    highest: measured.compactMap(\.distribution.maximum).max().map { max($0, hour) } ?? hour)
  let epoch = Format.fixed(recording.epoch, 3)
  let started = recording.started.isEmpty ? "unknown" : onOneLine(recording.started)
  var lines = [
    "#[Histogram log format version 1.3]",
    "#[StartTime: \(epoch) (seconds since epoch), \(started)]",
    // The timestamps of the intervals count from this time.
    "#[BaseTime: \(epoch) (seconds since epoch)]",
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"",
  ]
  lines += measured.map { record in
    let maximum = Double(record.distribution.maximum ?? 0) / 1e6
    let fields = [
      "Tag=\(tag(record.latency.name))", Format.fixed(record.from, 3),
      Format.fixed(max(0, record.to - record.from), 3), Format.fixed(maximum, 3),
      Data(encoding.compressed(record.distribution)).base64EncodedString(),
    ]
    return fields.joined(separator: ",")
  }
  return Array((lines.joined(separator: "\n") + "\n").utf8)
}

/// The name as a tag. Commas and spaces are replaced: a tag ends at a comma and holds no space.
private func tag(_ metric: String) -> String {
  String(onOneLine(metric).map { $0 == "," || $0.isWhitespace ? "_" : $0 })
}
