import Linux
import Recording

/// What the kernel's counters and the workers' clocks said at an instant.
struct LoadReading {
  let at: Instant
  let counters: [Series.Key: Double]
  /// Seconds of processor time that each worker had used.
  let workerTimes: [Double]
  /// Connections begun since the run started, whatever became of them.
  let connectionsBegun: Int
  /// Turns since the run started in which handshakes of TLS kept a connection from being begun.
  let turnsHeldBack: Int
}
