public import CLinux

/// A point on CLOCK_MONOTONIC, in nanoseconds. All processes of one host share this clock.
///
/// The operations are inlinable, and all four comparisons are written out, because the workers' loops use them
/// all the time. Without `@inlinable` each operation would be a call from other modules, and the three comparisons
/// that `Comparable` derives from `<` would go through a witness table.
@usableFromInline
package struct Instant: Sendable, Hashable, Comparable {
  @usableFromInline
  package var nanoseconds: UInt64

  @inlinable
  package init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  @inlinable
  package static var distantFuture: Instant { Instant(nanoseconds: .max) }

  /// Now. Source: clock_gettime(2); on Linux served by the vDSO, without a system call.
  @inlinable
  package static func now() -> Instant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  /// Nanoseconds from an earlier instant to this one; 0 when the other is not earlier.
  @inlinable
  package func nanoseconds(since earlier: Instant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }

  /// Seconds from an earlier instant to this one; 0 when the other is not earlier.
  package func seconds(since earlier: Instant) -> Double {
    Double(nanoseconds(since: earlier)) / 1e9
  }

  /// The instant this many nanoseconds later, at most `distantFuture`.
  @inlinable
  package func advanced(byNanoseconds count: UInt64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(count)
    return overflow ? .distantFuture : Instant(nanoseconds: sum)
  }

  package func advanced(by duration: Duration) -> Instant {
    advanced(byNanoseconds: duration.nanoseconds)
  }

  @inlinable
  package static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  @inlinable
  package static func <= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds <= right.nanoseconds
  }

  @inlinable
  package static func > (left: Instant, right: Instant) -> Bool {
    left.nanoseconds > right.nanoseconds
  }

  @inlinable
  package static func >= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds >= right.nanoseconds
  }
}

extension Duration {
  /// Whole nanoseconds; 0 when the duration is negative, and at most `UInt64.max`, which is 584 years.
  package var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
    return overflow || carry ? .max : sum
  }
}
