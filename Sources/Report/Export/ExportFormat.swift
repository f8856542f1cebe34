package import Recording

/// What a recording can be turned into for other tools.
package enum ExportFormat: String, Sendable, CaseIterable {
  /// One row per sample, one column per series.
  case csv
  /// The whole recording as one object.
  case json
  /// A HdrHistogram interval log: the latencies.
  case hlog
  /// The OpenMetrics text format, with the instants of the run.
  case openmetrics

  /// The recording in this format, as the bytes of a file.
  package func bytes(of recording: Recording) -> [UInt8] {
    switch self {
    case .csv: csvExport(recording)
    case .json: jsonExport(recording)
    case .hlog: histogramLog(recording)
    case .openmetrics: openMetricsExport(recording)
    }
  }
}
