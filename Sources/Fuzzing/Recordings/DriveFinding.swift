import Coordination
import Recording
import WorkerLog

/// What two workers have driven: the first byte says how many of the others are the first one's.
func driveFinding(in bytes: [UInt8]) -> String? {
  let place = min(Int(bytes.first ?? 0), max(0, bytes.count - 1))
  let parts = [bytes.dropFirst().prefix(place), bytes.dropFirst(1 + place)]
  for part in parts {
    if let finding = entriesFinding(part) { return finding }
  }
  var recording = SampleRun.recording
  // Nothing that was driven follows from these, and they take long.
  (recording.series, recording.distributions) = ([], [])
  recording.drive = parts.enumerated().map { DriveRecord(worker: $0, entries: Array($1)) }
  guard let driven = recording.driven() else {
    // What makes no sense to one reader makes none to another.
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

/// Entries that can be read are written as they were read.
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

/// Two shards, of which one began later, drive what both have driven.
private func mergedFinding(_ recording: Recording) -> String? {
  var later = recording
  later.started = "2026-01-01T00:00:00.250Z"
  for index in later.workers.indices { later.workers[index].pid += 1000 }
  guard let merged = try? Recording.merged([recording, later], regardless: true) else { return nil }
  guard let once = recording.driven() else { return nil }
  guard let both = merged.driven() else { return "cannot be read when it is merged" }
  for (place, phase) in once where both[place]?.count != phase.count * 2 {
    return "phase \(place) has \(both[place]?.count ?? 0) arrivals of twice \(phase.count)"
  }
  return nil
}
