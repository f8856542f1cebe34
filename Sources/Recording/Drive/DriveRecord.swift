/// What one client worker drove in one interval between two samples, as it wrote it down.
package struct DriveRecord: Sendable, Equatable {
  /// The worker's number.
  package var worker: Int
  /// Entries of varints; see `Recording.driven()` and docs/recording.md. Those of a worker, one
  /// after the other, are one stream.
  package var entries: [UInt8]

  package init(worker: Int, entries: [UInt8]) {
    self.worker = worker
    self.entries = entries
  }
}

/// What all workers together drove in one phase.
package struct DrivenPhase: Sendable, Equatable {
  /// Connections begun, whatever became of them: how many in which millisecond since the phase
  /// began, in ascending order.
  package var arrivals: [Tick] = []
  /// Messages begun, by the place of their pattern in the plan.
  package var messages: [Int: UInt64] = [:]

  package struct Tick: Sendable, Equatable {
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
        switch entry.what {
        case .phase: break
        case .arrivals: arrivals[entry.phase, default: [:]][entry.tick, default: 0] += entry.count
        case .messages(let pattern):
          phases[entry.phase, default: DrivenPhase()].messages[pattern, default: 0] += entry.count
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
  /// The same, one record a worker, with every phase begun by so many milliseconds later; what makes
  /// no sense stays as it is.
  static func delayed(_ records: [DriveRecord], by delay: (Int) -> UInt64) -> [DriveRecord] {
    Dictionary(grouping: records, by: \.worker).sorted { $0.key < $1.key }.map { worker, records in
      let entries = records.flatMap(\.entries)
      var reader = DriveReader(bytes: entries[...])
      var delayed: [UInt8] = []
      var pending: UInt64 = 0
      while !reader.bytes.isEmpty {
        let start = reader.bytes.startIndex
        guard let entry = reader.next() else {
          return DriveRecord(worker: worker, entries: entries)
        }
        var whole = entries[start..<reader.bytes.startIndex]
        if case .phase = entry.what {
          pending = delay(entry.phase)
        } else if pending > 0 {
          Varint.append((Varint.take(from: &whole) ?? 0) + pending << 3, to: &delayed)
          pending = 0
        }
        delayed += whole
      }
      return DriveRecord(worker: worker, entries: delayed)
    }
  }
}

/// Reads the entries of one worker.
private struct DriveReader {
  struct Entry {
    var what: What
    var phase: Int
    /// Milliseconds since the phase began.
    var tick: UInt64
    var count: UInt64
  }

  enum What {
    case arrivals
    case messages(pattern: Int)
    case phase
  }

  /// No run lasts longer (292 years), and no sum of so many overflows.
  private static let most: UInt64 = 1 << 53

  var bytes: ArraySlice<UInt8>
  private var phase = -1
  private var tick: UInt64 = 0

  init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// Nil where the bytes say nothing that a worker would write.
  mutating func next() -> Entry? {
    guard let header = Varint.take(from: &bytes), header >> 3 < Self.most else { return nil }
    tick += header >> 3
    guard tick < Self.most else { return nil }
    let what: What
    switch header & 3 {
    case 0: what = .arrivals
    case 1:
      guard let pattern = number(below: 1 << 16) else { return nil }
      what = .messages(pattern: pattern)
    case 2:
      guard let next = number(below: 1 << 16) else { return nil }
      (phase, tick) = (next, 0)
      return Entry(what: .phase, phase: phase, tick: 0, count: 0)
    default: return nil
    }
    var count: UInt64 = 1
    if header & 4 != 0 {
      guard let many = Varint.take(from: &bytes), many > 0, many < 1 << 32 else { return nil }
      count = many
    }
    guard phase >= 0 else { return nil }
    return Entry(what: what, phase: phase, tick: tick, count: count)
  }

  private mutating func number(below bound: UInt64) -> Int? {
    Varint.take(from: &bytes).flatMap { $0 < bound ? Int($0) : nil }
  }
}
