import Foundation

extension Recording {
  /// Whether two recordings have the same workers, so that a merge would count these twice. One of the two may be a
  /// copy that was taken while the run went on, or may have been merged from the other.
  ///
  /// They have where they share a host, a process ID, and at least half of the instants of the one with fewer samples.
  /// The instants matter because workers in two pods of one host may have the same process ID. But these are not
  /// sampled in the same microseconds.
  func sharesWorkers(with other: Recording) -> Bool {
    guard !hosts.isDisjoint(with: other.hosts), !processes.isDisjoint(with: other.processes),
      let start = Self.instant(started), let otherStart = Self.instant(other.started)
    else { return false }
    let shift = otherStart - start
    let (mine, theirs) = (instants, other.instants.map { $0 + shift })
    guard !mine.isEmpty, !theirs.isEmpty else { return shift == 0 }
    let fewer = mine.count < theirs.count ? mine : theirs
    let more = mine.count < theirs.count ? theirs : mine
    let common = fewer.count { instant in
      let next = more.place { $0 >= instant - Self.sameInstant }
      return next < more.count && more[next] <= instant + Self.sameInstant
    }
    return common > 0 && common * 2 >= fewer.count
  }

  /// Seconds by which the instants of one sample may differ in two recordings. A merge shifts instants by whole
  /// milliseconds, so only the rounding of the sum can make them differ.
  private static let sameInstant = 1e-5

  private var hosts: Set<String> { Set(hostname.split(separator: " + ").map(String.init)) }

  private var processes: Set<Int> { Set(workers.map(\.pid)) }

  /// The instants of the samples in ascending order, in seconds since the run started.
  private var instants: [Double] {
    (series(.established) ?? series.first)?.points.map(\.at) ?? []
  }

  private static func instant(_ text: String) -> Double? {
    (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))?
      .timeIntervalSinceReferenceDate
  }
}
