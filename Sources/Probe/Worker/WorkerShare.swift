/// Which of the workers of its end a worker is, and so which part of a whole is its own.
package struct WorkerShare: Sendable {
  /// The worker's place among the workers of its end, from 0.
  package var index: Int
  /// How many workers its end has.
  package var count: Int

  package init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// This worker's part of `total` things dealt out one by one.
  package func part(of total: Int) -> Int {
    total / count + (index < total % count ? 1 : 0)
  }

  /// The number, among the things of all workers, of this worker's thing number `own`. Both count from 0.
  package func ordinal(_ own: Int) -> UInt64 {
    UInt64(index) + UInt64(own) * UInt64(count)
  }
}
