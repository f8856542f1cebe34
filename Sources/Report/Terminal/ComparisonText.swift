package import Judgement
import Plan
package import Recording

/// Two runs side by side for a terminal: every figure, then the limits, the differences of host and
/// plan, and the verdict.
package func comparisonText(
  _ comparison: Comparison, base: Recording, new: Recording, colour: Bool
) -> String {
  let paint = Paint(colour)
  var lines = [
    "base  " + title(base, paint), "new   " + title(new, paint),
  ]
  lines += comparison.notes.map { paint.yellow("note  ") + brief($0, to: 1000) }
  lines += figures(comparison, paint)
  lines += section("limits", comparison.limits.map { limit($0, paint) }, paint)
  lines += section(
    "host", comparison.host.map { "\(onOneLine($0.name)): \(value($0.base)) -> \(value($0.new))" },
    paint)
  lines += section("plan", [comparison.plan.sentence].compactMap(\.self), paint)
  lines += ["", verdict(comparison, paint)]
  return lines.joined(separator: "\n") + "\n"
}

/// One line on how a run compares with the run before. It says when that run started, and then
/// "connections same, connect p99 +3% (within noise)".
package func comparisonLine(_ comparison: Comparison, base: Recording) -> String {
  let always: [Metric] = [
    .held, .connectRate, .percentile(.p99, of: .connect), .percentile(.p99, of: .roundTrip),
  ]
  var parts = comparison.figures.compactMap { figure -> String? in
    guard figure.phase == nil, always.contains(figure.metric) || figure.verdict == .worse else {
      return nil
    }
    return phrase(figure)
  }
  parts += comparison.limits.filter { !$0.inBase }.map { "new limit \(brief($0.limit.cause))" }
  parts += comparison.limits.filter { !$0.inNew }.map { "no longer \(brief($0.limit.cause))" }
  if !comparison.host.isEmpty {
    let names = comparison.host.prefix(2).map { brief($0.name) }
    let others = comparison.host.count - names.count
    parts.append(
      "host differs in \(names.joined(separator: ", "))"
        + (others > 0 ? " and \(Format.count(others)) more" : ""))
  }
  if comparison.plan.differs { parts.append("another plan") }
  let started = onOneLine(base.started.prefix(16).split(separator: "T").joined(separator: " "))
  return "compared with the run before (\(started)): \(parts.joined(separator: ", "))"
}

private func phrase(_ figure: Comparison.Figure) -> String {
  let name = figure.metric == .held ? "connections" : figure.metric.words
  switch figure.verdict {
  case _ where figure.relative == 0: return "\(name) same"
  case .unknown: return "\(name) not comparable"
  case let verdict: return "\(name) \(figure.shortChange) (\(verdict.rawValue))"
  }
}

private func title(_ recording: Recording, _ paint: Paint) -> String {
  paint.bold(brief(recording.planName)) + "  "
    + paint.dim(recording.circumstances.joined(separator: " · "))
}

private func figures(_ comparison: Comparison, _ paint: Paint) -> [String] {
  var rows: [[String]] = []
  // The phase of the figure before, which is nil for the whole run; nil as a whole before the first
  // figure.
  var previous: String??
  for figure in comparison.figures {
    if previous != .some(figure.phase) {
      let name = figure.phase.map { "phase \(brief($0))" } ?? "whole run"
      rows += [[""], [name, "base", "new", "difference", "", "verdict"]]
      previous = .some(figure.phase)
    }
    let metric = figure.metric
    rows.append([
      "  " + metric.words, figure.base.map(metric.text) ?? "–",
      figure.new.map(metric.text) ?? "–", figure.absolute, figure.change, figure.verdictInFull,
    ])
  }
  let widths = (0..<5).map { column in
    rows.compactMap { column < $0.count && $0.count > 1 ? $0[column].count : nil }.max() ?? 0
  }
  return rows.map { row in
    guard row.count > 1 else { return row[0] }
    let cells = row.dropLast().enumerated().map { column, cell in
      let padding = String(repeating: " ", count: widths[column] - cell.count)
      return column == 0 ? cell + padding : padding + cell
    }
    return cells.joined(separator: "  ") + "  " + painted(row[5], paint)
  }
}

/// The verdict in its colour. Only the last column of a table is painted: it needs no padding,
/// which the invisible escape sequences would upset.
private func painted(_ verdict: String, _ paint: Paint) -> String {
  if verdict.hasPrefix("worse") { return paint.red(verdict) }
  if verdict.hasPrefix("better") { return paint.green(verdict) }
  return paint.dim(verdict)
}

private func limit(_ change: LimitChange, _ paint: Paint) -> String {
  let text = "\(brief(change.limit.cause)) · \(change.limit.resource.rawValue)"
  return "\(text): \(change.sides), \(painted(change.verdict.rawValue, paint))"
}

private func section(_ name: String, _ lines: [String], _ paint: Paint) -> [String] {
  lines.isEmpty ? [] : ["", paint.bold(name)] + lines.map { "  " + $0 }
}

private func value(_ text: String?) -> String { text.map(onOneLine) ?? "–" }

private func verdict(_ comparison: Comparison, _ paint: Paint) -> String {
  comparison.worseCount == 0
    ? paint.green(comparison.sentence) : paint.red(comparison.sentence)
}
