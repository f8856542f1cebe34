/// All that a worker needs to know of a plan, and its part in it.
package struct WorkerShare: Sendable {
  /// Which of the end's workers this is, from 0, and how many there are.
  package var index: Int
  package var count: Int

  package init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// This worker's part of `total` things dealt out one by one.
  package func part(of total: Int) -> Int {
    total / count + (index < total % count ? 1 : 0)
  }

  /// Where this worker's `own`th thing stands among those of all workers.
  package func ordinal(_ own: Int) -> UInt64 {
    UInt64(index) + UInt64(own) * UInt64(count)
  }
}
