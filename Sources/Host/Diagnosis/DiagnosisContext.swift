import Recording

/// What a diagnosis looks at. Its extensions are the diagnoses.
struct DiagnosisContext {
  /// The kernel's series when the phase began, and now.
  var before: [Series.Key: Double]
  var after: [Series.Key: Double]
  var host: HostDescription
  var demand: Demand
  var path = PathFindings()
  /// The control group that leaves the least memory now; nil where that is not known, so that the one of `host`
  /// stands for it.
  var tightestGroup: GroupBound?
  /// The descriptor limit of the worker that failed, where somebody has lowered it since the run began;
  /// else nil.
  var loweredDescriptors: Int?
  /// What the processors did while connections were opened; nil where that is not known.
  var processors: ProcessorFindings?

  /// How much a counter rose since `before`; nil when this kernel does not count it.
  func rise(_ key: Series.Key) -> Double? {
    after[key].map { $0 - (before[key] ?? 0) }
  }

  /// The rise of counters that exist, as evidence.
  func rises(_ keys: Series.Key...) -> [Fact] {
    keys.compactMap { key in rise(key).map { Fact(key.name, "+\(Format.count($0))") } }
  }

  /// The level of gauges that exist, as evidence.
  func levels(_ keys: Series.Key...) -> [Fact] {
    keys.compactMap { key in after[key].map { Fact(key.name, Format.count($0)) } }
  }

  /// The addresses between which a call failed, as evidence.
  func addresses(of failure: FailureRecord) -> [Fact] {
    [Fact](known: ["source": failure.source, "endpoint": failure.endpoint])
  }

  /// A command for root, as this user has to type it.
  func privileged(_ command: String) -> String { host.privileged(command) }

  /// A failure of unknown cause, with the counters that could point to one.
  func unclassified(_ failure: FailureRecord) -> Diagnosed {
    let errno = failure.errno.map { " \($0.words)" } ?? ""
    let seen = Fact("failed", failure.syscall + errno)
    return Diagnosed(
      .unclassified,
      evidence: [seen] + addresses(of: failure)
        + rises(
          .listenOverflows, .listenDrops, .requestQueueFull, .timeouts, .synRetransmits,
          .backlogDrops, .abortsOnMemory, .attemptFails, .resetsSent)
        + levels(.memoryAvailable, .tcpPages, .filesOpen, .timeWait, .conntrackEntries))
  }
}
