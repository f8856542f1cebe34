import Foundation
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
    #expect(recording.distribution(of: "connect") == ramp)
    #expect(recording.distribution(of: "connect", in: "hold") == Distribution())
    #expect(Distribution(merging: [ramp, ramp]).count == 2 * ramp.count)
    #expect(Distribution(merging: [ramp, ramp]).buckets.map(\.value) == ramp.buckets.map(\.value))
  }
}
