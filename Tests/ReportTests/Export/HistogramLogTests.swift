import Foundation
import Recording
import Report
import Testing

/// The export that HdrHistogram's own tools read.
@Suite struct HistogramLogTests {
  private func log(_ buckets: [Distribution.Bucket]) throws -> HistogramLogFile {
    var recording = Sample.passed
    recording.distributions = [
      DistributionRecord(
        latency: .roundTrip, phase: "hold", from: 1, to: 2,
        distribution: Distribution(buckets: buckets))
    ]
    return try HistogramLogFile(ExportFormat.hlog.bytes(of: recording))
  }

  @Test func `a log says its version, its start and its columns`() throws {
    let log = try HistogramLogFile(ExportFormat.hlog.bytes(of: Sample.passed))
    #expect(
      log.comments == [
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1767323045.678 (seconds since epoch), 2026-01-02T03:04:05.678Z]",
        "#[BaseTime: 1767323045.678 (seconds since epoch)]",
      ])
    #expect(
      log.legend
        == #""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#)
  }

  @Test func `each interval is a line, its maximum in milliseconds`() throws {
    let intervals = try HistogramLogFile(ExportFormat.hlog.bytes(of: Sample.passed)).intervals
    #expect(intervals.map(\.tag) == ["connect", "connect"])
    #expect(intervals.map(\.start) == [0, 1])
    #expect(intervals.map(\.length) == [1, 1])
    #expect(intervals.map(\.maximum) == [2, 8])
    #expect(intervals.map(\.histogram.total) == [25_000, 25_000])
    // All of one file can be added up.
    #expect(intervals.allSatisfy { $0.histogram.highest == 3_600_000_000_000 })
  }

  @Test(arguments: [
    0, 1, 2, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 123_456_789, 3_600_000_000_001, 1 << 61,
  ])
  func `a value is counted where readers look for it`(value: UInt64) throws {
    let histogram = try log([.init(value: value, count: 7)]).intervals[0].histogram
    let (index, count) = try #require(histogram.counts.first)
    #expect(histogram.counts.count == 1)
    #expect(count == 7)
    #expect(DecodedHistogram.values(at: index).contains(Int(value)))
    #expect(histogram.highest >= value)
  }

  @Test func `percentiles survive`() throws {
    var generator = SystemRandomNumberGenerator()
    let buckets = (0..<5000).map { _ in
      Distribution.Bucket(
        value: UInt64.random(in: 0...(1 << UInt64.random(in: 5...40)), using: &generator),
        count: UInt64.random(in: 1...(1 << UInt64.random(in: 1...40)), using: &generator))
    }
    let distribution = Distribution(buckets: buckets)
    let histogram = try log(buckets).intervals[0].histogram
    #expect(histogram.total == Int(distribution.count))
    for percentile in [1, 50, 90, 99, 99.9, 100.0] {
      let ours = Double(try #require(distribution.percentile(percentile)))
      // Three digits: a step of the histogram is less than a thousandth of its value.
      #expect(abs(Double(histogram.percentile(percentile)) - ours) <= ours / 1000 + 1)
    }
  }

  @Test func `neighbouring and lonely counts, and more than a block of them`() throws {
    // 65,535 bytes fit in one stored block; counts above 2^48 take eight bytes each.
    let buckets = (0..<20_000).map {
      Distribution.Bucket(value: 1 << 11 + $0 << 24, count: 1 << 48)
    }
    let histogram = try log(buckets).intervals[0].histogram
    #expect(histogram.total == 20_000 << 48)
    let sparse = try log([0, 1, 3, 6].map { .init(value: $0, count: $0 + 1) })
    #expect(sparse.intervals[0].histogram.counts == [0: 1, 1: 2, 3: 4, 6: 7])
  }

  @Test func `a tag from anyone stays one field`() throws {
    var recording = Sample.passed
    recording.distributions[0].latency = Latency("a, b\nTag=c")
    recording.distributions[1].distribution = Distribution()
    let intervals = try HistogramLogFile(ExportFormat.hlog.bytes(of: recording)).intervals
    #expect(intervals.map(\.tag) == ["a__b_Tag=c"])
  }

  @Test(.enabled(if: Python.path != nil, "python3 is not here"))
  func `Python's zlib inflates every histogram`() throws {
    let script = """
      import base64, struct, sys, zlib
      for line in sys.stdin:
          if line.startswith("Tag="):
              data = base64.b64decode(line.rsplit(",", 1)[1])
              cookie, length = struct.unpack(">ii", data[:8])
              assert length == len(data) - 8
              print(hex(cookie), hex(struct.unpack(">i", zlib.decompress(data[8:])[:4])[0]))
      """
    let output = try Python.output(
      of: script, reading: ExportFormat.hlog.bytes(of: Sample.passed))
    #expect(output == "0x1c849314 0x1c849313\n0x1c849314 0x1c849313\n")
  }
}
