/// How long a connection that was lost or cut waits before the next attempt in its place.
package struct Backoff: Sendable, Equatable {
  /// Nanoseconds before the first attempt.
  package var first: UInt64
  /// Nanoseconds that no wait exceeds. Each unsuccessful attempt in a row doubles the wait up to here.
  package var last: UInt64
  /// Whether the wait is drawn at random between nothing and the backoff, instead of being the backoff itself.
  package var isJittered: Bool

  package init(first: UInt64, last: UInt64, isJittered: Bool) {
    self.first = first
    self.last = max(first, last)
    self.isJittered = isJittered
  }

  /// The longest wait before an attempt, in nanoseconds.
  ///
  /// - Parameter attempt: 1 for the first attempt, 2 for the one after one failure, and so on.
  func longestWait(before attempt: UInt8) -> UInt64 {
    let doublings = UInt64(max(1, attempt) - 1)
    guard doublings < UInt64(first.leadingZeroBitCount) else { return last }
    return min(last, first << doublings)
  }
}
