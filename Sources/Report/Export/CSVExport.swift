import Recording

/// The samples as comma-separated values (RFC 4180): one row per instant, one column per series.
/// The first column, `at`, is the instant in seconds since the run started. The field of a series
/// that has no value at an instant is empty.
func csvExport(_ recording: Recording) -> [UInt8] {
  var columns = recording.series.map(Column.init)
  var text = (["at"] + recording.series.map(\.key.column)).map(quoted).joined(separator: ",")
  text += lineEnd
  for instant in instants(of: recording.series) {
    text += instant.plain
    for index in columns.indices {
      text += ","
      if let value = columns[index].value(at: instant) { text += value.plain }
    }
    text += lineEnd
  }
  return Array(text.utf8)
}

/// RFC 4180, section 2, ends lines with CRLF.
private let lineEnd = "\r\n"

private func instants(of series: [Series]) -> [Double] {
  var all: Set<Double> = []
  for series in series {
    for point in series.points where point.at.isFinite { all.insert(point.at) }
  }
  return all.sorted()
}

/// Quotes a field that contains a comma, a quote or a line break, and doubles its quotes. Puts an
/// apostrophe before a field that a spreadsheet would take for a formula; no series that runner
/// records has such a name.
///
/// Compares Unicode scalars, as readers of CSV do: to Swift, a quote with a combining accent is one
/// character, and not equal to a quote.
private func quoted(_ field: String) -> String {
  let isFormula = field.unicodeScalars.first.map { "=+-@".unicodeScalars.contains($0) } == true
  let scalars = ((isFormula ? "'" : "") + field).unicodeScalars
  guard scalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\r" || $0 == "\n" }) else {
    return String(scalars)
  }
  var inside = String.UnicodeScalarView()
  for scalar in scalars {
    inside.append(scalar)
    if scalar == "\"" { inside.append(scalar) }
  }
  return "\"" + String(inside) + "\""
}

/// A series that is read row by row. The caller asks for instants in ascending order.
private struct Column {
  private let points: [Series.Point]
  private var next = 0

  init(_ series: Series) {
    points = series.points.filter { $0.at.isFinite }.sorted { $0.at < $1.at }
  }

  /// The value at this instant, the last one where there are several. Nil where there is none, and
  /// where that value is not finite.
  mutating func value(at instant: Double) -> Double? {
    var found: Double?
    while next < points.count, points[next].at <= instant {
      found = points[next].value
      next += 1
    }
    return found.flatMap { $0.isFinite ? $0 : nil }
  }
}

extension Series.Key {
  /// `name`, or `name{label}`.
  fileprivate var column: String { onOneLine(label.isEmpty ? name : "\(name){\(label)}") }
}
