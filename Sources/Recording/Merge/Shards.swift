import Foundation

/// Recordings of one run, each made by a host or a process of its own, with what puts them on one time axis.
struct Shards {
  struct Shard {
    var recording: Recording
    /// Seconds from the start of the earliest shard to the start of this one.
    var offset: Double
    /// Added to the `id` of each of the shard's workers, so that no two workers of the merged recording have the same
    /// one.
    var workerShift: Int

    /// Whether the shard had client workers. A shard that lists no workers counts as one that had.
    var drives: Bool {
      recording.workers.isEmpty || recording.workers.contains { $0.end == .client }
    }

    /// Whether the shard had server workers. A shard that lists no workers counts as one that had.
    var serves: Bool { recording.hasOwnServer }

    func shifted(_ instant: Double?) -> Double? { instant.map { $0 + offset } }
    func shifted(_ worker: Int?) -> Int? { worker.map { $0 &+ workerShift } }
  }

  let all: [Shard]
  /// Each host once, in the order of its first shard.
  let hosts: [String]

  /// - Parameter regardless: accepts recordings that do not look like those of one run.
  init(_ recordings: [Recording], regardless: Bool) throws(MergeProblem) {
    guard let first = recordings.first, recordings.count > 1 else { throw .tooFew }
    for (index, recording) in recordings.enumerated() {
      if recordings[..<index].contains(recording) { throw .twice(index) }
      if let other = recordings[..<index].firstIndex(where: { recording.sharesWorkers(with: $0) }) {
        throw .overlap(index, with: other)
      }
      guard regardless || recording.planText == first.planText else { throw .otherPlan(index) }
    }
    var starts: [Date] = []
    for (index, recording) in recordings.enumerated() {
      guard let start = Self.date(recording.started) else { throw .noStart(index) }
      starts.append(start)
    }
    let earliest = starts.min() ?? starts[0]
    let offsets = starts.map { ($0.timeIntervalSince(earliest) * 1000).rounded() / 1000 }
    if !regardless, let late = Self.firstAfterGap(recordings, offsets) { throw .afterGap(late) }
    var usedIDs: Set<Int> = []
    var shards: [Shard] = []
    for (recording, offset) in zip(recordings, offsets) {
      let ids = recording.workers.map(\.id)
      let shift = ids.contains(where: usedIDs.contains) ? (usedIDs.max() ?? 0) &+ 1 : 0
      usedIDs.formUnion(ids.map { $0 &+ shift })
      shards.append(Shard(recording: recording, offset: offset, workerShift: shift))
    }
    all = shards
    hosts = recordings.map(\.hostname).uniqued
  }

  var isOneHost: Bool { hosts.count == 1 }

  /// Whether one shard has only clients and another only servers. Neither of these knows which connections were never
  /// accepted.
  var isSplit: Bool {
    all.contains { $0.drives && !$0.serves } && all.contains { $0.serves && !$0.drives }
  }

  /// Whether any shard had server workers.
  var serves: Bool { all.contains(where: \.serves) }

  private static func date(_ text: String) -> Date? {
    try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// The place of the earliest recording that began after all earlier ones had ended.
  private static func firstAfterGap(_ recordings: [Recording], _ offsets: [Double]) -> Int? {
    var end = 0.0
    for index in offsets.indices.sorted(by: { offsets[$0] < offsets[$1] }) {
      if offsets[index] > end { return index }
      end = max(end, offsets[index] + recordings[index].duration)
    }
    return nil
  }
}

/// Why recordings cannot be merged. The numbers are places in the list of recordings, from 0.
package enum MergeProblem: Error, Equatable {
  /// There are fewer than two recordings.
  case tooFew
  /// The recording equals an earlier one of the list.
  case twice(Int)
  /// Both recordings have the same workers (`Recording.sharesWorkers`).
  case overlap(Int, with: Int)
  /// The recording's plan is not that of the first one.
  case otherPlan(Int)
  /// The recording's `started` is no date.
  case noStart(Int)
  /// The recording began after all earlier ones had ended.
  case afterGap(Int)
}

extension Sequence where Element: Hashable {
  /// Each element once, at its first place.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

extension Sequence<Int> {
  /// The sum, or the nearest integer where it overflows: a damaged recording may have any numbers.
  var total: Int {
    reduce(0) { sum, value in
      let (next, overflow) = sum.addingReportingOverflow(value)
      return overflow ? (value < 0 ? .min : .max) : next
    }
  }
}
