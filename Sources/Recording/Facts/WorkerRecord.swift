/// One worker process: what it was for, what it cost, how it ended.
package struct WorkerRecord: Sendable, Equatable {
  package var id: Int
  package var end: End
  package var pid: Int
  /// The endpoint that a server worker listens on.
  package var endpoint: String?
  /// Most connections it held at once.
  package var connections: Int
  /// Seconds of processor time in all, from `wait4`; 0 until it has ended.
  package var userTime: Double
  package var systemTime: Double
  /// Bytes that the process privately holds, from `/proc/PID/smaps_rollup`.
  package var privateBytes: Int?
  /// Nil while it runs and when a signal ended it.
  package var exitCode: Int?
  package var signal: Int?

  package init(
    id: Int, end: End, pid: Int, endpoint: String? = nil, connections: Int = 0,
    userTime: Double = 0, systemTime: Double = 0, privateBytes: Int? = nil, exitCode: Int? = nil,
    signal: Int? = nil
  ) {
    self.id = id
    self.end = end
    self.pid = pid
    self.endpoint = endpoint
    self.connections = connections
    self.userTime = userTime
    self.systemTime = systemTime
    self.privateBytes = privateBytes
    self.exitCode = exitCode
    self.signal = signal
  }
}
