/// One limit that a phase met: what kept it from its goal, and what moves the limit.
package struct LimitRecord: Sendable, Equatable {
  package var end: End
  /// The worker that met the limit first; nil when no single worker did.
  package var worker: Int?
  package var phase: String
  /// Line of the phase in the plan file, from 1.
  package var planLine: Int
  /// As `FailureRecord.syscall`; nil for the memory guard, and where the limit comes from no failed operation.
  package var syscall: String?
  package var errno: ErrnoRecord?
  package var resource: Resource
  /// How many operations failed this way, without handshakes that were tried again.
  package var count: Int
  /// When the limit was met first, in seconds since the run started.
  package var firstInstant: Double
  /// As `FailureRecord.stoppedAt`; nil before format 1.3.
  package var stoppedAt: Double?
  /// Connections held at the client end at `firstInstant`; where the limit comes from no failed
  /// operation, the most held in the phase. `accepted` is the same at the server end.
  package var established: Int
  package var accepted: Int
  package var source: String?
  package var endpoint: String?
  /// What is to be changed to move the limit, for example `RLIMIT_NOFILE`; nil where the diagnosis names nothing.
  package var knob: String?
  /// The value of `knob` during the run; `needed` is the value that the plan needs.
  package var now: Int?
  package var needed: Int?
  /// A command that changes `knob` as needed, to be run as it stands; nil where there is none.
  package var fix: String?
  /// How many connections were predicted before the run.
  package var predicted: Int?
  /// The facts that the diagnosis decided the cause from, in the order in which it looked at them.
  package var evidence: [Fact]

  package init(
    end: End, worker: Int? = nil, phase: String, planLine: Int, syscall: String? = nil,
    errno: ErrnoRecord? = nil, resource: Resource, count: Int, firstInstant: Double,
    stoppedAt: Double? = nil, established: Int, accepted: Int, source: String? = nil,
    endpoint: String? = nil,
    knob: String? = nil, now: Int? = nil, needed: Int? = nil, fix: String? = nil,
    predicted: Int? = nil, evidence: [Fact] = []
  ) {
    self.end = end
    self.worker = worker
    self.phase = phase
    self.planLine = planLine
    self.syscall = syscall
    self.errno = errno
    self.resource = resource
    self.count = count
    self.firstInstant = firstInstant
    self.stoppedAt = stoppedAt
    self.established = established
    self.accepted = accepted
    self.source = source
    self.endpoint = endpoint
    self.knob = knob
    self.now = now
    self.needed = needed
    self.fix = fix
    self.predicted = predicted
    self.evidence = evidence
  }
}
