import Coordination
import Recording
import WorkerLog

/// The input is the drive logs of two workers: a byte with the length of the first worker's entries, these
/// entries, then the second worker's.
func driveFinding(in bytes: [UInt8]) -> String? {
  let length = min(Int(bytes.first ?? 0), max(0, bytes.count - 1))
  let parts = [bytes.dropFirst().prefix(length), bytes.dropFirst(1 + length)]
  for part in parts {
    if let finding = entriesFinding(part) { return finding }
  }
  var recording = SampleRun.recording
  // No check here depends on series and distributions, and going through them takes long.
  (recording.series, recording.distributions) = ([], [])
  recording.drive = parts.enumerated().map { DriveRecord(worker: $0, entries: Array($1)) }
  guard let driven = recording.driven() else {
    // `driven` could not decode the entries, so a replay must refuse them, too.
    guard (try? Replay(of: recording, at: "r", speed: 1, from: nil, targets: [])) == nil else {
      return "is driven again, and cannot be read"
    }
    return mergedFinding(recording)
  }
  for phase in driven.values {
    let ticks = phase.arrivals.map(\.tick)
    if ticks != ticks.sorted() { return "arrivals are in no order" }
    if phase.arrivals.contains(where: { $0.count == 0 }) { return "nothing arrives" }
  }
  let fidelity = Fidelity(
    of: recording, to: recording, phases: recording.phases.map(\.name), speed: 1)
  if fidelity.missed != 0 || fidelity.messagesMissed != 0 || fidelity.furthest > 0.001 {
    return "differs from itself: \(fidelity)"
  }
  for speed in [0.01, 1, 100] {
    _ = try? Replay(of: recording, at: "r", speed: speed, from: nil, targets: [])
  }
  return mergedFinding(recording)
}

/// Checks that each entry that can be read is still the same when it is written and read again.
private func entriesFinding(_ bytes: ArraySlice<UInt8>) -> String? {
  var rest = bytes
  while !rest.isEmpty {
    guard let entry = DriveEntry(from: &rest) else { return nil }
    var written: [UInt8] = []
    entry.write { written.append($0) }
    var again = written[...]
    guard DriveEntry(from: &again) == entry, again.isEmpty else { return "\(entry) is lost" }
  }
  return nil
}

/// Checks that the recording, merged with a copy of itself that began later, has twice as many arrivals in
/// every phase.
private func mergedFinding(_ recording: Recording) -> String? {
  var later = recording
  later.started = "2026-01-01T00:00:00.250Z"
  for index in later.workers.indices { later.workers[index].pid += 1000 }
  guard let merged = try? Recording.merged([recording, later], regardless: true) else { return nil }
  guard let once = recording.driven() else { return nil }
  guard let both = merged.driven() else { return "cannot be read when it is merged" }
  for (index, phase) in once where both[index]?.count != phase.count * 2 {
    return "phase \(index) has \(both[index]?.count ?? 0) arrivals of twice \(phase.count)"
  }
  return nil
}
