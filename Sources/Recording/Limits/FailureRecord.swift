/// Operations that failed alike: at the same end, in the same phase, in the same call, with the same errno.
package struct FailureRecord: Sendable, Equatable {
  package var end: End
  /// The worker in which the first of them failed; nil where none failed in a worker.
  package var worker: Int?
  package var phase: String
  /// A name of `FailedCall`: mostly a system call's. `memoryGuardCall` where the memory guard stopped growth.
  package var syscall: String
  /// Nil for `connect-timeout`, for the memory guard and for an orderly close by the peer.
  package var errno: ErrnoRecord?
  package var count: Int
  /// How many of `count` are handshakes that the client tried again; 0 before format 1.3.
  package var retried: Int
  /// When the first of them failed, in seconds since the run started.
  package var firstInstant: Double
  /// When the failure made a worker open no more connections, or when the memory guard made all workers do so. In
  /// seconds since the run started; nil where no worker stopped.
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

  /// One record for the failures of both, which must be of one kind: the earlier record, with the counts of both.
  package func merged(with other: FailureRecord) -> FailureRecord {
    var earlier = other.firstInstant < firstInstant ? other : self
    earlier.count = count + other.count
    earlier.retried = retried + other.retried
    earlier.stoppedAt = [stoppedAt, other.stoppedAt].compactMap(\.self).min()
    return earlier
  }

  /// How many of the failures cost a connection. A handshake that is tried again has cost none yet.
  package var finalCount: Int { count - min(max(0, retried), count) }

  /// The value of `syscall` where the memory guard stopped growth.
  package static let memoryGuardCall = "memory-guard"
}
