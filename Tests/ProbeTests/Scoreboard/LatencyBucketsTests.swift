import Probe
import Testing

@testable import Simulation

@Suite struct LatencyBucketsTests {
  /// Around every power of two, where one width of buckets ends and the next one begins, and some
  /// values in between.
  private static let values: [UInt64] = {
    var generator = SeededGenerator(seed: 1)
    var values: Set<UInt64> = Set(0...2000)
    for exponent in 1..<40 {
      let power = UInt64(1) << UInt64(exponent)
      values.formUnion([power - 1, power, power + 1])
      for _ in 0..<50 { values.insert(.random(in: power..<2 * power, using: &generator)) }
    }
    return values.filter { $0 < 1 << 40 }.sorted()
  }()

  @Test func `a longer latency never lies in an earlier bucket`() {
    let indices = Self.values.map(LatencyBuckets.index)
    for (index, next) in zip(indices, indices.dropFirst()) where index > next {
      Issue.record("bucket \(next) comes after \(index)")
    }
  }

  @Test func `no bucket is left out`() {
    for value in 0..<UInt64(1 << 16) {
      let step = LatencyBuckets.index(of: value + 1) - LatencyBuckets.index(of: value)
      guard step == 0 || step == 1 else {
        Issue.record("from \(value) to the next the bucket changes by \(step)")
        return
      }
    }
    for exponent in 17..<40 {
      let power = UInt64(1) << UInt64(exponent)
      #expect(LatencyBuckets.index(of: power) == LatencyBuckets.index(of: power - 1) + 1)
    }
  }

  @Test func `a bucket stands for its values to within a 128th`() {
    for value in Self.values {
      let middle = LatencyBuckets.value(at: LatencyBuckets.index(of: value))
      let error = middle > value ? middle - value : value - middle
      if error * 128 > value { Issue.record("\(value) is taken for \(middle)") }
    }
  }

  @Test func `the middle of a bucket lies in that bucket`() {
    for index in 0...LatencyBuckets.index(of: .max) {
      #expect(LatencyBuckets.index(of: LatencyBuckets.value(at: index)) == index)
    }
  }

  @Test(arguments: [1 << 40 - 1, 1 << 40, .max] as [UInt64])
  func `what is too long counts as long as can be counted`(value: UInt64) {
    #expect(LatencyBuckets.index(of: value) == LatencyBuckets.index(of: 1 << 40 - 1))
    #expect(LatencyBuckets.index(of: value) < LatencyBuckets.count)
  }
}
