/// A client worker's place among the client workers, and so its part of their work.
package struct WorkerShare: Sendable {
  /// The worker's place among the client workers, from 0.
  package var index: Int
  /// How many client workers there are.
  package var count: Int

  package init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// How many of `total` things are this worker's, where they are dealt out to all workers in turn.
  package func part(of total: Int) -> Int {
    total / count + (index < total % count ? 1 : 0)
  }

  /// The number, among the things of all workers, of this worker's thing `own`. Both count from 0.
  package func ordinal(_ own: Int) -> UInt64 {
    UInt64(index) + UInt64(own) * UInt64(count)
  }
}
