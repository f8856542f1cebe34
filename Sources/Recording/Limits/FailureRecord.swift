/// Operations that failed alike: same end, same system call, same errno, same phase.
package struct FailureRecord: Sendable, Equatable {
  package var end: End
  package var worker: Int?
  package var phase: String
  /// The system call's name; `connect-timeout` is the runner's own deadline, not an errno, and
  /// `memoryGuardCall` its own check.
  package var syscall: String
  /// Nil for the runner's own deadline and for an orderly close by the peer.
  package var errno: ErrnoRecord?
  package var count: Int
  /// Of these, handshakes that were tried again; none before format 1.3.
  package var retried: Int
  /// Seconds since the run started.
  package var firstInstant: Double
  /// When it made a worker stop growing, or the guard stop all of them; nil when it did not.
  package var stopped: Double?
  package var established: Int
  package var accepted: Int
  package var source: String?
  package var endpoint: String?

  package init(
    end: End, worker: Int?, phase: String, syscall: String, errno: ErrnoRecord?, count: Int,
    retried: Int = 0, firstInstant: Double, stopped: Double? = nil, established: Int, accepted: Int,
    source: String?, endpoint: String?
  ) {
    self.end = end
    self.worker = worker
    self.phase = phase
    self.syscall = syscall
    self.errno = errno
    self.count = count
    self.retried = retried
    self.firstInstant = firstInstant
    self.stopped = stopped
    self.established = established
    self.accepted = accepted
    self.source = source
    self.endpoint = endpoint
  }

  /// Whether another one counts the same operations.
  package func isSameKind(_ other: FailureRecord) -> Bool {
    end == other.end && phase == other.phase && syscall == other.syscall
      && errno?.number == other.errno?.number
  }

  /// Failures that cost a connection: a handshake that is tried again has cost none yet.
  package var final: Int { count - min(max(0, retried), count) }

  /// Stands for a system call where the memory guard stopped growth.
  package static let memoryGuardCall = "memory-guard"
}
