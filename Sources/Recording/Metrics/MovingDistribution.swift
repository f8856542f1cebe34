/// The values of one latency over a stretch that moves on through the run. Every interval is added once and
/// subtracted once, however many stretches it lies in.
package struct MovingDistribution {
  /// The intervals of the latency, in the order of their ends.
  private let records: [DistributionRecord]
  /// Every value that any of the records has, in ascending order.
  private let values: [UInt64]
  /// How often the value at the same place of `values` lies in the stretch.
  private var counts: [UInt64]
  /// The places of the records in the stretch.
  private var range = 0..<0

  package init(of latency: Latency, in recording: Recording) {
    records = recording.distributions.filter { $0.latency == latency }
    values = Set(records.lazy.flatMap(\.distribution.buckets).map(\.value)).sorted()
    counts = [UInt64](repeating: 0, count: values.count)
  }

  /// The values of all intervals that ended after the lower bound of a stretch and not after its upper bound. Neither
  /// bound may be lower than in the call before.
  package mutating func move(to span: ClosedRange<Double>) -> Distribution {
    while range.upperBound < records.count, records[range.upperBound].to <= span.upperBound {
      count(records[range.upperBound], &+)
      range = range.lowerBound..<range.upperBound + 1
    }
    while range.lowerBound < range.upperBound, records[range.lowerBound].to <= span.lowerBound {
      count(records[range.lowerBound], &-)
      range = range.lowerBound + 1..<range.upperBound
    }
    return Distribution(
      buckets: zip(values, counts).lazy.filter { $0.1 > 0 }
        .map { Distribution.Bucket(value: $0.0, count: $0.1) })
  }

  /// Adds the record's values to `counts`, or subtracts them, by `operation`.
  private mutating func count(
    _ record: DistributionRecord, _ operation: (UInt64, UInt64) -> UInt64
  ) {
    var place = 0
    for bucket in record.distribution.buckets {
      // The buckets are in ascending order as well, and mostly close together. So few steps find each value.
      while values[place] < bucket.value { place += 1 }
      counts[place] = operation(counts[place], bucket.count)
    }
  }
}
