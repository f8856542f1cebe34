package import Judgement
import Plan
package import Recording

/// What is left on the terminal after a run, usually within 20 lines. The last lines are the
/// verdict, a guess at the limit, its fix or its way out, the other limits, and the report's path.
package func summary(
  _ recording: Recording, _ judgement: Judgement, files: OutputFiles, colour: Bool
) -> String {
  let paint = Paint(colour)
  let metrics = Metrics(recording)
  var lines = [title(recording, paint), ""]
  if let replay = recording.replay {
    lines.append(row("replay", onOneLine("of \(replay.source)"), paint))
    if let fidelity = replay.fidelity {
      lines.append(row("fidelity", fidelity.parts.joined(separator: " · "), paint))
    }
  }
  lines += measured(recording, metrics, judgement).map { row($0.name, $0.value, paint) }
  if let gaps = judgement.gapsInWords { lines.append(row("samples", brief(gaps), paint)) }
  lines += thresholds(judgement, paint)
  lines.append("")
  lines.append(verdict(judgement, paint))
  if let guess = judgement.limit?.guess {
    lines.append(row("a guess", brief(guess, to: 500), paint))
  }
  if let fix = judgement.limit?.fix {
    lines.append(row("fix", paint.bold(brief(fix, to: 4000)), paint))
  } else if let wayOut = judgement.limit?.wayOut {
    lines.append(row("way out", wayOut, paint))
  }
  lines += others(recording, judgement, paint)
  if let path = files.html ?? files.junit ?? files.recording {
    lines.append(row("report", brief(path, to: 4096), paint))
  }
  return lines.joined(separator: "\n") + "\n"
}

private func title(_ recording: Recording, _ paint: Paint) -> String {
  paint.bold(brief(recording.planName)) + "  "
    + paint.dim(recording.circumstances.joined(separator: " · "))
}

/// The figures worth a line each; a figure that was not measured has no line.
private func measured(
  _ recording: Recording, _ metrics: Metrics, _ judgement: Judgement
) -> [Fact] {
  func percentiles(of latency: Latency) -> [String] {
    let shown = judgement.thresholds.percentiles(of: latency)
    return metrics[latency]?.named(shown)
      .map { "\($0.name) \(Format.duration(seconds: $0.seconds))" } ?? []
  }

  var rows: [Fact] = []
  let counts = [
    "\(Format.count(metrics.established))\(metrics.ofGoal) established",
    metrics.accepted.map { "\(Format.count($0)) accepted" }
      ?? (metrics.established > 0
        ? "accepted: not known; \(metrics.whyAcceptedIsUnknown)" : nil),
    metrics.phantom.map { "\(Format.count($0)) phantom" },
    metrics.reconnected.map { "\(Format.count($0)) reconnected" },
  ].compactMap { $0 }
  rows.append(Fact("connections", counts.joined(separator: " · ")))
  let connect =
    (metrics.connectRate.map { [Format.rate($0)] } ?? []) + percentiles(of: .connect)
  if !connect.isEmpty { rows.append(Fact("connect", connect.joined(separator: " · "))) }
  let secure =
    (metrics.resumes ? metrics.resumed.map { ["\(Format.share($0)) resumed"] } ?? [] : [])
    + percentiles(of: .secure)
  if !secure.isEmpty { rows.append(Fact("tls", secure.joined(separator: " · "))) }
  for phase in recording.phases {
    guard let storm = recording.stormFacts(of: phase) else { continue }
    rows.append(
      Fact("storm", brief("\(phase.name): " + storm.parts.joined(separator: " · "), to: 500)))
  }
  for phase in recording.phases.filter({ !$0.remark.isEmpty }).prefix(2) {
    // A remark on the pace has this text (`Coordinator+Pace`). Other remarks
    // (`Coordinator+Remarks`) are on messages and losses; they follow a remark on the pace in the
    // same text.
    let isPace = phase.remark.isOnPace
    rows.append(Fact(isPace ? "slow" : "note", brief("\(phase.name): \(phase.remark)", to: 500)))
  }
  if let sent = metrics.messages(.sent), sent > 0 || metrics.messagesUnsent ?? 0 > 0 {
    rows.append(Fact("messages", messages(metrics, sent: sent)))
  }
  if metrics.roundTrip != nil {
    let ending = recording.roundTripsEndAtMatch ? ["to the match"] : []
    let parts = percentiles(of: .roundTrip) + ending
    rows.append(Fact("round trip", parts.joined(separator: " · ")))
  }
  if metrics.failures > 0 {
    // One cause may have been met in several phases.
    let byCause = Dictionary(grouping: recording.failures, by: \.cause)
      .mapValues { $0.reduce(0) { $0 + $1.count } }
    let ordered = byCause.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    var causes = ordered.prefix(2).map { brief($0.key) + " × \(Format.count($0.value))" }
    let others = ordered.dropFirst(2)
    if !others.isEmpty {
      let kinds = others.count == 1 ? "kind" : "kinds"
      let count = others.reduce(0) { $0 + $1.value }
      causes.append("\(Format.count(others.count)) more \(kinds) × \(Format.count(count))")
    }
    rows.append(
      Fact("failures", ([Format.count(metrics.failures)] + causes).joined(separator: " · ")))
  }
  let cost = [
    metrics.kernelMemory.map { Format.bytes($0) + " kernel" },
    metrics.userMemory.map { Format.bytes($0) + " user" },
    metrics.userTime.map { Format.duration(seconds: $0) + " user time" },
  ].compactMap { $0 }
  if !cost.isEmpty {
    rows.append(Fact("a connection end", cost.joined(separator: " · ")))
  }
  if let predicted = recording.predicted {
    rows.append(
      Fact(
        "predicted",
        "\(Format.count(predicted.connections)) connections · "
          + "\(predicted.end.rawValue) \(predicted.resource.rawValue)"))
  }
  return rows
}

/// "1,200,000 sent · 20,000/s · 0 lost", then what became of the lost messages, how many messages
/// were not sent, and how many connections never got an answer.
private func messages(_ metrics: Metrics, sent: Int) -> String {
  var parts = ["\(Format.count(sent)) sent"]
  if let rate = metrics.messageRate { parts.append(Format.rate(rate)) }
  parts.append("\(Format.count(metrics.messagesLost ?? 0)) lost")
  for outcome in MessageOutcome.lost {
    if let count = metrics.messages(outcome), count > 0 {
      parts.append("\(Format.count(count)) \(outcome.rawValue)")
    }
  }
  if let unsent = metrics.messagesUnsent, unsent > 0 {
    parts.append("\(Format.count(unsent)) unsent")
  }
  if let unanswered = metrics.unanswered, unanswered > 0 {
    parts.append("\(Format.count(unanswered)) connections never answered")
  }
  return parts.joined(separator: " · ")
}

/// The thresholds that failed, as many as fit; those that passed are only counted.
private func thresholds(_ judgement: Judgement, _ paint: Paint) -> [String] {
  guard !judgement.thresholds.isEmpty else {
    return [row("thresholds", "none: the plan asks for nothing but its phases' goals", paint)]
  }
  guard judgement.judgesThresholds else {
    return [
      row(
        "thresholds", "\(judgement.thresholds.count) not judged: \(judgement.notJudged)", paint)
    ]
  }
  let failed = judgement.thresholds.filter { !$0.passed }
  let passed = judgement.thresholds.count - failed.count
  var lines = [
    row("thresholds", "\(passed) of \(judgement.thresholds.count) passed", paint)
  ]
  let most = 6
  for threshold in failed.prefix(most) {
    lines.append(
      row(
        "", paint.red("✗") + " " + brief("\(threshold.text): \(threshold.reason)", to: 500), paint))
  }
  if failed.count > most { lines.append(row("", "and \(failed.count - most) more", paint)) }
  return lines
}

private func verdict(_ judgement: Judgement, _ paint: Paint) -> String {
  let text = brief(judgement.spokenHeadline, to: 1000)
  return judgement.verdict == .passed ? paint.green(text) : paint.red(text)
}

/// The limits that were met besides the one that decided, as many as fit; none where no limit
/// decided.
private func others(_ recording: Recording, _ judgement: Judgement, _ paint: Paint) -> [String] {
  guard let limit = judgement.limit else { return [] }
  let others = recording.limits.filter { $0 != limit }
  let most = 3
  let more = others.count > most ? "; and \(others.count - most) more, in the report" : ""
  return others.prefix(most).enumerated().map { index, other in
    let text = "\(other.cause) × \(Format.count(other.count)), in \(other.phase)"
    return row(index == 0 ? "also met" : "", brief(text + (index == most - 1 ? more : "")), paint)
  }
}

private func row(_ name: String, _ value: String, _ paint: Paint) -> String {
  let width = 18
  let padding = String(repeating: " ", count: max(1, width - name.count))
  return "  " + paint.dim(name) + padding + value
}

extension String {
  /// Whether a remark begins with one on the pace: "20/s of 50/s planned: ". Further on it may quote what a peer said,
  /// and that may be anything.
  fileprivate var isOnPace: Bool {
    guard let end = firstRange(of: " planned: ")?.lowerBound, first?.isNumber == true else {
      return false
    }
    return !self[..<end].contains { "'\"“‘:;".contains($0) }
  }
}
