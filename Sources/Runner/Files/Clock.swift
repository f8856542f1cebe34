import FoundationEssentials

/// Wall-clock time as recordings have it.
enum Clock {
  /// UTC, ISO 8601 with milliseconds.
  static func timestamp(of date: Date = Date()) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
