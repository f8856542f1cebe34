/// Operations that failed alike: same end, same system call, same errno, same phase.
package struct FailureRecord: Sendable, Equatable {
  package var end: End
  /// The worker that failed first; nil where no worker did.
  package var worker: Int?
  package var phase: String
  /// The system call's name; `connect-timeout` where the runner's own deadline passed, and
  /// `memoryGuardCall` where its memory guard stopped growth.
  package var syscall: String
  /// Nil for the runner's own deadline, for its memory guard and for an orderly close by the peer.
  package var errno: ErrnoRecord?
  package var count: Int
  /// How many of `count` are handshakes that were tried again; 0 before format 1.3.
  package var retried: Int
  /// When the first of them failed, in seconds since the run started.
  package var firstInstant: Double
  /// When the failure made a worker stop growing, or the memory guard stopped all workers, in
  /// seconds since the run started; nil when nothing stopped for it.
  package var stoppedAt: Double?
  /// Connections held at the client end at `firstInstant`; `accepted` is those at the server end.
  package var established: Int
  package var accepted: Int
  package var source: String?
  package var endpoint: String?

  package init(
    end: End, worker: Int?, phase: String, syscall: String, errno: ErrnoRecord?, count: Int,
    retried: Int = 0, firstInstant: Double, stoppedAt: Double? = nil, established: Int,
    accepted: Int,
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
    self.stoppedAt = stoppedAt
    self.established = established
    self.accepted = accepted
    self.source = source
    self.endpoint = endpoint
  }

  /// Whether both records count failures that are alike.
  package func isSameKind(_ other: FailureRecord) -> Bool {
    end == other.end && phase == other.phase && syscall == other.syscall
      && errno?.number == other.errno?.number
  }

  /// Both records' failures as one record of their kind: that of the earlier one, with all counts.
  package func merged(with other: FailureRecord) -> FailureRecord {
    var earlier = other.firstInstant < firstInstant ? other : self
    earlier.count = count + other.count
    earlier.retried = retried + other.retried
    earlier.stoppedAt = [stoppedAt, other.stoppedAt].compactMap(\.self).min()
    return earlier
  }

  /// How many failures cost a connection: a handshake that is tried again has cost none yet.
  package var finalCount: Int { count - min(max(0, retried), count) }

  /// `syscall` where the memory guard stopped growth.
  package static let memoryGuardCall = "memory-guard"
}
