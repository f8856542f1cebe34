/// The figures of a recording, for the whole run or for one phase.
///
/// Thresholds are judged by these figures, and every report shows the same figures, so that verdict and report cannot
/// disagree.
package struct Metrics: Sendable, Equatable {
  /// The phase that the figures are about; nil for the whole run.
  package let phase: String?
  /// False where the run never came to `phase` or, for the whole run, to any phase.
  package let hasBegun: Bool
  /// How far the run or the phase came.
  package let reach: Reach
  /// The most connections held at once at the server end; nil where that is not known (`Recording.knowsAccepted`).
  package let accepted: Int?
  /// The fewest connections held at once at the client end, by the samples; nil for the whole run
  /// and for a phase that opens or closes connections.
  package let fewestEstablished: Int?
  /// The same as `fewestEstablished` at the server end; nil also where the recording has no count of the server's own
  /// (`Recording.hasServerCount`).
  package let fewestAccepted: Int?
  /// The most connections that stood at both ends in any phase whose connections are to stay: the value
  /// of `Metric.held`. Nil without such a phase.
  package let held: Int?
  /// Connections that were established and not accepted when a phase had settled: the most of any phase. Nil where that
  /// is not known.
  package let phantom: Int?
  package let failures: Int
  /// Connections begun, whatever became of them; nil when nothing counted them.
  package let attempts: Int?
  /// Handshakes begun anew after a timeout.
  package let retries: Int
  /// Connections that were established in the place of one that was cut or lost; nil where none came back.
  package let reconnected: Int?
  /// Handshakes per second in ramps and churns (`Recording.connectRate`); nil without any.
  package let connectRate: Double?
  /// Handshakes of TLS that finished; nil where connections are plain.
  package let secured: Int?
  /// The share of them that resumed a session; nil where there were none.
  package let resumed: Double?
  /// Whether the plan has handshakes resume sessions.
  package let resumes: Bool
  /// Seconds of the slowest storm's recovery (`slowestRecovery`).
  package let recovery: Double?
  /// Whether a storm has begun.
  package let hasStorm: Bool
  /// Whether a storm has begun that had something to recover (`PhaseRecord.hadNothingToRecover`).
  package let hasCut: Bool
  /// Only latencies that have a value.
  private let latencies: [Latency: Distribution]
  /// How many messages had each outcome, pattern by pattern; empty where the plan sends none.
  package let messages: [MessageTotals]
  /// Messages sent per second (`Recording.messageRate`); nil when none were sent.
  package let messageRate: Double?
  /// Connections that had sent messages and never got an answer by the end of a phase: the most of any phase. Nil where
  /// the plan sends no messages.
  package let unanswered: Int?
  /// Connections on which something came that nobody had asked for; nil where they were not counted.
  package let unasked: Int?
  /// How far the predicted number of connections was from the number at which a limit was met, as a share of the
  /// latter. Nil where no limit was met, or none was predicted.
  package let predictionError: Double?
  /// The most connection ends that the run's own processes held: the clients' and the built-in server's. The next three
  /// figures are averages over these ends. 0 for a phase, which has none of the three figures.
  package let connectionEnds: Int
  /// Bytes of kernel memory per connection end.
  package let kernelMemory: Double?
  /// Bytes of the workers' private memory per connection end.
  package let userMemory: Double?
  /// Seconds of the workers' user time per connection end.
  package let userTime: Double?

  package init(_ recording: Recording, phase name: String? = nil) {
    let phases = recording.phases.filter { name == nil || $0.name == name }
    held = phases.filter { !$0.kind.comesAndGoes && !$0.kind.closes }.map(recording.held).max()
    let begun = phases.filter { $0.started != nil }
    phase = name
    hasBegun = !begun.isEmpty
    reach = Reach(recording, phase: name)
    let knowsAccepted = recording.knowsAccepted(in: phases)
    accepted =
      knowsAccepted
      ? recording.most(\.accepted, .accepted, of: phases, isWhole: name == nil) : nil
    let keeps = name != nil && begun.allSatisfy(\.kind.keeps)
    fewestEstablished = keeps ? recording.fewest(.established, in: begun) : nil
    fewestAccepted =
      keeps && recording.hasServerCount(in: phases) ? recording.fewest(.accepted, in: begun) : nil
    phantom = knowsAccepted ? phases.map(\.phantom).max() ?? 0 : nil
    failures = recording.failureCount(in: name)
    retries = recording.retries(in: begun)
    attempts = recording.attempts(in: begun)
    reconnected = recording.reconnected(in: begun)
    connectRate = recording.connectRate(of: begun)
    let storms = begun.filter { $0.kind == .storm }
    hasStorm = !storms.isEmpty
    hasCut = storms.contains { !$0.hadNothingToRecover }
    recovery = storms.slowestRecovery
    latencies = recording.latencies(in: name)
    let spans = recording.spans(of: begun)
    secured =
      recording.series(.secured) == nil
      ? nil : Int(saturating: recording.gain(of: .secured, in: spans))
    resumed = recording.resumedShare(in: spans)
    resumes = recording.series(.resumed) != nil
    messages = recording.messages(in: spans)
    messageRate = recording.messageRate(in: spans)
    unanswered =
      recording.messagePatterns.isEmpty
      ? nil : recording.unanswered(at: begun.compactMap { recording.span(of: $0)?.upperBound })
    unasked =
      recording.series(.unasked) == nil
      ? nil : Int(saturating: recording.gain(of: .unasked, in: spans))
    predictionError = recording.predictionError(in: name)

    // Someone else's server is not measured, even where it runs on this host, so its ends do not count.
    let atServer = recording.hasOwnServer ? accepted ?? reach.established : 0
    let connectionEnds = name == nil ? [reach.established, atServer].total : 0
    self.connectionEnds = connectionEnds
    func perEnd(_ total: Double?) -> Double? {
      connectionEnds > 0 ? total.map { $0 / Double(connectionEnds) } : nil
    }
    kernelMemory = perEnd(recording.series(.kernelMemory)?.maximum)
    userMemory = perEnd(recording.privateBytes)
    userTime = perEnd(recording.userTime)
  }

  /// Failures as a share of all attempts and retries; nil when nothing was attempted.
  package var failureShare: Double? {
    attempts.flatMap { $0 > 0 ? Double(failures) / Double($0 + retries) : nil }
  }

  /// Messages of all patterns with this outcome; nil where the plan sends none.
  package func messages(_ outcome: MessageOutcome) -> Int? {
    messages.isEmpty ? nil : messages.map { $0[outcome] }.total
  }

  /// Messages that were due and not sent; nil where they were not counted.
  package var messagesUnsent: Int? {
    let counted = messages.compactMap(\.unsent)
    return counted.isEmpty ? nil : counted.total
  }

  /// Messages that got no right answer in time; nil where the plan sends none.
  package var messagesLost: Int? {
    messages.isEmpty ? nil : messages.map(\.lost).total
  }

  /// The values of a latency; nil when none were measured.
  package subscript(latency: Latency) -> Distribution? { latencies[latency] }

  package var connect: Distribution? { self[.connect] }
  package var roundTrip: Distribution? { self[.roundTrip] }

  package var goal: Int? { reach.goal }
  package var established: Int { reach.established }
  /// The most connections that stood at both ends in any phase, also in a churn (`Reach.held`).
  package var heldInAnyPhase: Int { reach.held }
  package var progress: String { reach.progress }
  package var ofGoal: String { reach.ofGoal }
}
