/// The share of the measured values that lie at or below a value: `p50`, `p99.9`, or `max` for all of them.
package struct Percentile: Sendable, Hashable, Comparable {
  /// Ten-thousandths of a percent: an integer, so that `p99.9` and `p99.90` are equal.
  private let parts: Int

  package static let p50 = Self(parts: 500_000)
  package static let p90 = Self(parts: 900_000)
  package static let p99 = Self(parts: 990_000)
  package static let p999 = Self(parts: 999_000)
  package static let max = Self(parts: 1_000_000)

  /// The percentiles that summaries, pages and exports show whether or not a plan asks for them.
  package static let shown: [Self] = [p50, p90, p99, p999, max]

  private init(parts: Int) { self.parts = parts }

  /// Nil unless the name is `max`, or a `p` and a number above 0 and below 100 with at most four decimals.
  package init?(_ name: String) {
    if name == "max" {
      self = .max
      return
    }
    let digits = name.dropFirst().split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let isNumber = digits.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    let decimals = digits.count > 1 ? digits[1] : "0"
    guard name.first == "p", isNumber, let whole = digits.first, whole.count <= 2,
      decimals.count <= 4
    else { return nil }
    let padding = String(repeating: "0", count: 4 - decimals.count)
    guard let parts = Int(whole + decimals + padding), parts > 0 else { return nil }
    self.parts = parts
  }

  /// The percentile as plans and reports write it.
  package var name: String {
    if self == .max { return "max" }
    let decimals = String(String(parts % 10_000 + 10_000).dropFirst())
    let significant = decimals.reversed().drop { $0 == "0" }.reversed()
    return "p\(parts / 10_000)" + (significant.isEmpty ? "" : "." + String(significant))
  }

  /// Above 0 and at most 100.
  package var percent: Double { Double(parts) / 10_000 }

  /// Above 0 and at most 1.
  package var quantile: Double { Double(parts) / 1_000_000 }

  package static func < (left: Self, right: Self) -> Bool { left.parts < right.parts }
}

extension Distribution {
  /// The percentile in seconds; nil when nothing was measured.
  package func seconds(at percentile: Percentile) -> Double? {
    seconds(at: [percentile])?.first
  }

  /// The percentiles in seconds, each with its name; empty when nothing was measured.
  package func named(_ percentiles: [Percentile]) -> [(name: String, seconds: Double)] {
    Array(zip(percentiles.map(\.name), seconds(at: percentiles) ?? []))
  }

  /// The percentiles in seconds, in the order of the argument; nil when nothing was measured.
  package func seconds(at percentiles: [Percentile]) -> [Double]? {
    self.percentiles(percentiles.map(\.percent))?.map { Double($0) / 1e9 }
  }
}
