package import Recording

/// The formats that `runner export` writes for other tools.
package enum ExportFormat: String, Sendable, CaseIterable {
  /// One row per instant, one column per series.
  case csv
  /// The whole recording as one JSON object.
  case json
  /// The latencies as an HdrHistogram interval log.
  case hlog
  /// Series and latencies in the OpenMetrics text format, with the instants of the run.
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
