import Coordination
import GoldenFiles
import Judgement
import Plan
import Recording
import Report
import Simulation

@testable import Oracle

/// All that a run in virtual time has left, as text: what it says, record by record, and the sums of what
/// was sampled.
func story(of run: SimulatedRun, told said: [String] = []) -> String {
  let (recording, judgement) = (run.ended.recording, run.ended.judgement)
  var lines = summary(recording, judgement, files: OutputFiles(), colour: false)
    .split(separator: "\n").map(String.init)
  lines.append("exit \(judgement.exitCode), duration \(recording.duration)")
  lines.append(told(judgement))
  lines += recording.thresholds.map(told)
  lines += recording.phases.map(told)
  lines += recording.workers.map(told)
  lines += recording.failures.map(told)
  for limit in recording.limits {
    var bare = limit
    bare.evidence = []
    lines.append(told(bare))
    lines += limit.evidence.map { "  \($0.name): \($0.value)" }
  }
  lines += recording.searchSteps.map(told)
  lines += recording.prediction.map(told)
  lines += recording.series.map(line)
  lines += recording.distributions.map(line)
  for (phase, driven) in (recording.driven() ?? [:]).sorted(by: { $0.key < $1.key }) {
    let messages = driven.messages.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    let weighted = driven.arrivals.reduce(0) { $0 &+ $1.tick &* $1.count }
    lines.append(
      "driven in \(phase): \(driven.count) in \(driven.arrivals.count) ticks, weight \(weighted);"
        + " messages \(messages)")
  }
  lines += said
  lines.append(
    "books: established \(run.network.books.established), accepted \(run.network.books.accepted),"
      + " failed \(run.network.books.failures.count)")
  if let peer = run.peer {
    lines.append(
      "peer: wrong \(peer.wrongAnswers), omitted \(peer.omittedAnswers), closed"
        + " \(peer.closedByItself)")
  }
  return lines.joined(separator: "\n") + "\n"
}

private func line(_ series: Series) -> String {
  let values = series.points.map(\.value)
  let sum = values.reduce(0, +)
  let name = series.key.label.isEmpty ? series.key.name : "\(series.key.name){\(series.key.label)}"
  return "\(name) \(series.unit) \(series.kind): \(values.count) from \(values.first ?? .nan) to"
    + " \(values.last ?? .nan), \(values.min() ?? .nan)...\(values.max() ?? .nan), sum \(sum)"
}

private func line(_ record: DistributionRecord) -> String {
  let buckets = record.distribution.buckets
  let weight = buckets.reduce(0) { $0 &+ $1.value &* $1.count }
  return "\(record.latency.name) in \(record.phase) \(record.from)...\(record.to):"
    + " \(record.distribution.count) in \(buckets.count), \(buckets.first?.value ?? 0)..."
    + "\(buckets.last?.value ?? 0), weight \(weight)"
}

/// What a run says while it goes on: each new phase, every remark, and some of the states between.
final class KeptProgress: Coordination.Progress {
  private(set) var lines: [String] = []
  private var updates = 0

  func phaseChanged(_ state: ProgressState) { lines.append("phase: \(told(state))") }

  func update(_ state: ProgressState) {
    if updates.isMultiple(of: 4) { lines.append("update \(updates): \(told(state))") }
    updates += 1
  }

  func note(_ text: String) { lines.append("note: \(text)") }
  func finish() { lines.append("finished after \(updates)") }
}
