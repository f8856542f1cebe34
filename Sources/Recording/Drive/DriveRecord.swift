import WorkerLog

/// What one client worker drove between two samples, as the worker wrote it down.
package struct DriveRecord: Sendable, Equatable {
  /// The worker's number.
  package var worker: Int
  /// Encoded `DriveEntry` values. All records of a worker, one after the other, are one stream.
  package var entries: [UInt8]

  package init(worker: Int, entries: [UInt8]) {
    self.worker = worker
    self.entries = entries
  }
}

/// What all workers together drove in one phase.
package struct DrivenPhase: Sendable, Equatable {
  /// Connections begun, whatever became of them: how many in each millisecond, in ascending order.
  package var arrivals: [Tick] = []
  /// Messages begun, by the place of their pattern in the plan.
  package var messages: [Int: UInt64] = [:]

  package struct Tick: Sendable, Equatable {
    /// Milliseconds since the phase began.
    package var tick: UInt64
    package var count: UInt64
  }

  /// Connections begun in all.
  package var count: UInt64 { arrivals.reduce(0) { $0 + $1.count } }
}

extension Recording {
  /// What the run drove, by the place of each phase in the plan; nil where the entries make no
  /// sense.
  package func driven() -> [Int: DrivenPhase]? {
    var phases: [Int: DrivenPhase] = [:]
    var arrivals: [Int: [UInt64: UInt64]] = [:]
    for (_, records) in Dictionary(grouping: drive, by: \.worker) {
      var reader = DriveReader(bytes: records.flatMap(\.entries)[...])
      while !reader.bytes.isEmpty {
        guard let entry = reader.next() else { return nil }
        switch entry.kind {
        case .phase: break
        case .arrivals:
          arrivals[reader.phase, default: [:]][reader.tick, default: 0] += entry.count
        case .messages(let pattern):
          phases[reader.phase, default: DrivenPhase()].messages[pattern, default: 0] += entry.count
        }
      }
    }
    for (phase, counts) in arrivals {
      phases[phase, default: DrivenPhase()].arrivals =
        counts.sorted { $0.key < $1.key }
        .map { DrivenPhase.Tick(tick: $0.key, count: $0.value) }
    }
    return phases
  }
}

extension DriveRecord {
  /// The records as those of another list of phases. `move` gives, for a phase's place, its place in that list
  /// and the milliseconds by which everything that was driven in it is put off. Each worker gets one record;
  /// entries that make no sense stay as they are.
  static func moved(
    _ records: [DriveRecord], _ move: (Int) -> (place: Int, delay: UInt64)
  ) -> [DriveRecord] {
    Dictionary(grouping: records, by: \.worker).sorted { $0.key < $1.key }.map { worker, records in
      let entries = records.flatMap(\.entries)
      var reader = DriveReader(bytes: entries[...])
      var delayed: [UInt8] = []
      // Ticks count from the entry before, so only the first entry of a phase takes the delay.
      var pending: UInt64 = 0
      while !reader.bytes.isEmpty {
        guard var entry = reader.next() else {
          return DriveRecord(worker: worker, entries: entries)
        }
        if case .phase(let phase) = entry.kind {
          let (place, delay) = move(phase)
          entry.kind = .phase(place)
          pending = delay
        } else {
          entry.ticks += pending
          pending = 0
        }
        entry.write { delayed.append($0) }
      }
      return DriveRecord(worker: worker, entries: delayed)
    }
  }
}

/// Reads the entries of one worker.
private struct DriveReader {
  var bytes: ArraySlice<UInt8>
  /// The phase of the entry read last, by its place in the plan; -1 before the first phase.
  private(set) var phase = -1
  /// When that entry happened, in ticks since its phase began.
  private(set) var tick: UInt64 = 0

  init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// The next entry; nil where the bytes are none that a worker would write.
  mutating func next() -> DriveEntry? {
    guard let entry = DriveEntry(from: &bytes) else { return nil }
    if case .phase(let next) = entry.kind {
      (phase, tick) = (next, 0)
      return entry
    }
    tick += entry.ticks
    return phase >= 0 && tick < DriveEntry.mostTicks ? entry : nil
  }
}
