import WorkerLog

/// The connections and messages that one client worker began between two samples, as the worker wrote them down.
package struct DriveRecord: Sendable, Equatable {
  /// The worker's `WorkerRecord.id`.
  package var worker: Int
  /// Encoded `DriveEntry` values. The records of a worker, joined in their order, are one stream.
  package var entries: [UInt8]

  package init(worker: Int, entries: [UInt8]) {
    self.worker = worker
    self.entries = entries
  }
}

/// The connections and messages that all workers together began in one phase.
package struct DrivenPhase: Sendable, Equatable {
  /// How many connections were begun in each millisecond, whatever became of them; in the order of time. A
  /// millisecond without any has no element.
  package var arrivals: [Tick] = []
  /// How many messages were begun, by the place of their pattern in the plan.
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
  /// What all workers drove in each phase, by the phase's place in the plan; nil where the entries cannot be
  /// decoded.
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
  /// The records rewritten for another list of phases, one record per worker. A worker's entries stay as they are
  /// where they cannot be decoded.
  ///
  /// - Parameter move: takes a phase's place in the old list. Gives its place in the new one, and the milliseconds
  ///   by which everything in the phase happens later.
  static func moved(
    _ records: [DriveRecord], _ move: (Int) -> (place: Int, delay: UInt64)
  ) -> [DriveRecord] {
    Dictionary(grouping: records, by: \.worker).sorted { $0.key < $1.key }.map { worker, records in
      let entries = records.flatMap(\.entries)
      var reader = DriveReader(bytes: entries[...])
      var delayed: [UInt8] = []
      // The ticks of an entry count from the entry before, so only the first entry of a phase takes the delay.
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
  /// The instant of the entry read last, in ticks since its phase began.
  private(set) var tick: UInt64 = 0

  init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// The next entry; nil where no worker would write these bytes.
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
