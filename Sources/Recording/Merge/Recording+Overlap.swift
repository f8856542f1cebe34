import Foundation

extension Recording {
  /// Whether two recordings tell of the same workers, which would count twice: one is a copy that
  /// was taken while the run went on, or was merged from the other.
  ///
  /// A worker is recognised by its host, its process number there and the instants at which it was
  /// sampled: two pods of one host may have equal process numbers, but not samples at the same
  /// microseconds.
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

  /// Tolerance in seconds. A merge shifts instants by whole milliseconds, so two instants of one
  /// sample differ by the rounding of the sum only.
  private static let sameInstant = 1e-5

  private var hosts: Set<String> { Set(hostname.split(separator: " + ").map(String.init)) }

  private var processes: Set<Int> { Set(workers.map(\.pid)) }

  /// The instants of the samples, in ascending order.
  private var instants: [Double] {
    (series(.established) ?? series.first)?.points.map(\.at) ?? []
  }

  private static func instant(_ text: String) -> Double? {
    (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))?
      .timeIntervalSinceReferenceDate
  }
}
