import Foundation
import Histogram
import Testing

@testable import Recording

@Suite struct DistributionTests {
  @Test func `counts that no run can have overflow nothing`() {
    let mad = Distribution(
      buckets: (1...1000).map { .init(value: UInt64($0), count: .max - UInt64($0)) })
    let merged = Distribution(merging: Array(repeating: mad, count: 100))
    #expect(merged.percentile(50) == 500)
    #expect(merged.count > 0)
  }

  @Test(
    arguments: [
      [:], [0: 1], [127: 127], [128: 128], [1: 1, 2: 1, 1 << 40: 1 << 40],
    ] as [[UInt64: UInt64]])
  func `decodes what it encodes`(counts: [UInt64: UInt64]) {
    let distribution = Distribution(
      buckets: counts.map { Distribution.Bucket(value: $0.key, count: $0.value) })
    #expect(Distribution(encoded: distribution.encoded) == distribution)
  }

  @Test func `writes LEB128 pairs of value delta and count`() {
    let distribution = Distribution(buckets: [
      .init(value: 300, count: 2), .init(value: 301, count: 1),
    ])
    #expect(distribution.encoded == Data([0xAC, 0x02, 0x02, 0x01, 0x01]))
  }

  @Test(
    arguments: [
      [0x01], [0x80], [0x01, 0x80], [0x01, 0x00],
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x01],
      [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x01],
    ] as [[UInt8]])
  func `refuses bytes that stand for no distribution`(bytes: [UInt8]) {
    #expect(Distribution(encoded: Data(bytes)) == nil)
  }

  @Test func `takes all intervals of a metric together`() {
    let recording = Recording.full
    let ramp = recording.distributions[0].distribution
    #expect(recording.distribution(of: .connect) == ramp)
    #expect(recording.distribution(of: .connect, in: "hold") == Distribution())
    #expect(Distribution(merging: [ramp, ramp]).count == 2 * ramp.count)
    #expect(Distribution(merging: [ramp, ramp]).buckets.map(\.value) == ramp.buckets.map(\.value))
  }

  @Test(arguments: 1...200)
  func `percentiles are those of HdrHistogram`(seed: UInt64) {
    var state = seed
    func random(below limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 11) % limit
    }
    let buckets = (0...random(below: 300)).map { _ in
      Distribution.Bucket(
        value: random(below: 1 << (1 + random(below: 42))),
        count: 1 + random(below: 1 << random(below: 20)))
    }
    let distribution = Distribution(buckets: buckets)
    var histogram = Histogram<UInt64>(
      highestTrackableValue: 1 << 43, numberOfSignificantValueDigits: .three)
    for bucket in buckets { histogram.record(bucket.value, count: bucket.count) }
    let percentiles = [100, 99.999, 99.9, 99, 90, 66.6, 50, 10, 0.001, 0]
    #expect(
      distribution.percentiles(percentiles)
        == percentiles.map { min(histogram.valueAtPercentile($0), distribution.maximum ?? 0) })
  }
}
