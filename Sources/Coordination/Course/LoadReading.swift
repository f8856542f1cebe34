import Linux
import Recording

/// What the kernel's counters and the workers' clocks said at an instant.
struct LoadReading {
  let at: Instant
  let counters: [Series.Key: Double]
  /// Seconds of processor time that each worker had used.
  let workers: [Double]
  /// Connections begun so far, whatever became of them.
  let begun: Int
}
