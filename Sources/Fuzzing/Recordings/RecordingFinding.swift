import Coordination
import Foundation
import Judgement
import Plan
import Recording
import Report

/// The input is a recording where it begins like one, else a list of changes to a good recording
/// (`RecordingChanges`). All checks together take long, so the input's length modulo 3 chooses a third of them;
/// the tests append empty lines to run all three.
func recordingFinding(in bytes: [UInt8]) -> String? {
  let path = TemporaryFile.path("run")
  defer { TemporaryFile.remove(path) }
  do {
    if bytes.starts(with: "SQLite format 3".utf8) {
      try TemporaryFile.write(bytes, to: path)
    } else {
      try RecordingChanges(String(decoding: bytes, as: UTF8.self))
        .write(SampleRun.file, to: path)
    }
  } catch {
    return nil
  }
  return fileFinding(path, third: bytes.count % 3)
}

private func fileFinding(_ path: String, third: Int) -> String? {
  do {
    _ = try? RecordingSummary.read(from: path)
    let recording = try Recording.read(from: path)
    let judgement = judge(recording)
    let good = SampleRun.recording
    switch third {
    case 0: return summaryFinding(recording, judgement) ?? reportsFinding(recording, judgement)
    case 1: return copyFinding(recording) ?? pairFinding(good, recording)
    default: return replayFinding(recording) ?? pairFinding(recording, good)
    }
  } catch {
    let words = "\(error)"
    return words.drivesTerminal ? "is refused as \(words.debugDescription)" : nil
  }
}

/// Checks that a recording that can be read is still the same when it is written and read again.
private func copyFinding(_ recording: Recording) -> String? {
  let path = TemporaryFile.path("copy")
  defer { TemporaryFile.remove(path) }
  do {
    try recording.write(to: path)
    let again = try Recording.read(from: path)
    return again == recording ? nil : "is written as another one: \(difference(recording, again))"
  } catch {
    return "cannot be written and read again: \(error)"
  }
}

/// The first property in which two recordings differ, in words.
private func difference(_ one: Recording, _ other: Recording) -> String {
  let pairs = zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children)
  for (left, right) in pairs where "\(left.value)" != "\(right.value)" {
    return "\(left.label ?? ""): \(left.value) and \(right.value)"
  }
  return "nothing to be seen"
}

private let files = OutputFiles(recording: "r", html: "h", junit: "j", directory: "/d")

/// Checks the summaries that are printed: text and JSON.
private func summaryFinding(_ recording: Recording, _ judgement: Judgement) -> String? {
  let json = jsonSummary(recording, judgement, files: files)
  let text = summary(recording, judgement, files: files, colour: false)
  if json.drivesTerminal || text.drivesTerminal { return "the summary drives a terminal" }
  return isJSON(json) ? nil : "the JSON is none"
}

/// Checks the report files: JUnit, the HTML page, the exports.
private func reportsFinding(_ recording: Recording, _ judgement: Judgement) -> String? {
  let (shown, judgement) = recording.masked(judgement)
  for flavour in JUnitFlavour.allCases
  where junit(shown, judgement, files: files, flavour: flavour).isEmpty {
    return "the JUnit file is empty"
  }
  if html(shown, judgement).isEmpty { return "the page is empty" }
  for format in ExportFormat.allCases {
    let bytes = format.bytes(of: shown)
    if format == .json, !isJSON(String(decoding: bytes, as: UTF8.self)) {
      return "the JSON export is none"
    }
  }
  return nil
}

private func replayFinding(_ recording: Recording) -> String? {
  for phase in [nil, recording.phases.last?.name] {
    guard
      let replay = try? Replay(of: recording, at: "r", speed: 2, from: phase, targets: [])
    else { continue }
    let parts = [replay.arrivals.count, replay.instants.count]
    if parts.contains(where: { $0 != replay.plan.phases.count }) { return "a phase is not driven" }
    _ = replay.record(of: SampleRun.recording)
  }
  return nil
}

private func pairFinding(_ base: Recording, _ new: Recording) -> String? {
  let comparison = Comparison(base: base, new: new, tolerances: [:])
  if comparisonText(comparison, base: base, new: new, colour: false).drivesTerminal {
    return "the comparison drives a terminal"
  }
  if !isJSON(comparisonJSON(comparison, base: base, new: new)) { return "its JSON is none" }
  _ = comparisonLine(comparison, base: base)
  _ = Fidelity(of: new, to: base, phases: base.phases.map(\.name), speed: 1)
  guard let merged = try? Recording.merged([base, new], regardless: true) else { return nil }
  _ = judge(merged)
  return copyFinding(merged).map { "merged, it \($0)" }
}

private func isJSON(_ text: String) -> Bool {
  (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil
}
