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
  /// Turns of the clients' loops since the run started in which TLS handshakes under way held a connection back.
  let turnsHeldBack: Int
}
