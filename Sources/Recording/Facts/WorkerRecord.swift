/// One worker process: its role, what it cost, how it ended.
package struct WorkerRecord: Sendable, Equatable {
  package var id: Int
  package var end: End
  package var pid: Int
  /// The endpoint that a server worker listens on; nil for a client worker.
  package var endpoint: String?
  /// The most connections that the worker held at once.
  package var connections: Int
  /// Seconds of processor time in user mode, from `wait4`; 0 until the process has ended.
  package var userTime: Double
  /// Seconds of processor time in kernel mode, as `userTime`.
  package var systemTime: Double
  /// Seconds of processor time as RLIMIT_CPU counts them: at the ticks of the kernel's clock. Nil until the process
  /// has ended, and where that is not known. Files do not keep it: it decides only why a worker has died.
  package var timeAtTicks: Double?
  /// Bytes of memory that only this process had, from `/proc/PID/smaps_rollup`: the most that was
  /// measured; nil where nothing was.
  package var privateBytes: Int?
  /// Nil while the process runs, and where a signal ended it.
  package var exitCode: Int?
  /// The signal that ended the process; nil where none did.
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
