/// Everything that happened in one run, as read back from its file.
///
/// Verdict, reports, comparison and export are made from this value and nothing else. Instants
/// are seconds since the run started.
package struct Recording: Sendable, Equatable {
  package var planName: String
  package var planFile: String
  package var planText: String
  /// The plan with every default spelled out, as YAML.
  package var effectivePlan: String
  /// The `--set` overrides that the plan was read with, so that it reads the same again.
  package var overrides: [Fact]
  /// The files that the plan was read with.
  package var attachments: [Attachment]
  package var seed: UInt64
  package var programVersion: String
  /// UTC, ISO 8601 with milliseconds: `2026-01-02T03:04:05.678Z`.
  package var started: String
  /// Seconds from start to end; for an incomplete recording, to its last sample.
  package var duration: Double
  /// False when the run was cut off (`kill -9`, power) before it could finish the file.
  package var complete: Bool
  package var interrupted: Bool
  /// A fault of the program, or a reason why the plan was never driven; nil when there is none.
  package var fault: String?
  package var hostname: String
  /// Kernel, processors, memory and every limit that bears on connections.
  package var host: [Fact]
  package var phases: [PhaseRecord]
  package var workers: [WorkerRecord]
  package var series: [Series]
  package var distributions: [DistributionRecord]
  /// What the client workers drove, in the order in which it was written.
  package var drive: [DriveRecord]
  /// Nil for a run that was no replay.
  package var replay: ReplayRecord?
  package var failures: [FailureRecord]
  package var limits: [LimitRecord]
  package var searchSteps: [SearchStep]
  package var prediction: [PredictionTerm]
  /// As judged when the run ended; nil where it never came to that.
  package var verdict: Verdict?
  /// As judged when the run ended.
  package var thresholds: [ThresholdResult]

  package init(
    planName: String, planFile: String = "", planText: String = "", effectivePlan: String = "",
    overrides: [Fact] = [], attachments: [Attachment] = [], seed: UInt64 = 0,
    programVersion: String = "", started: String = "",
    duration: Double = 0, complete: Bool = true, interrupted: Bool = false, fault: String? = nil,
    hostname: String = "", host: [Fact] = [], phases: [PhaseRecord] = [],
    workers: [WorkerRecord] = [], series: [Series] = [],
    distributions: [DistributionRecord] = [], drive: [DriveRecord] = [],
    replay: ReplayRecord? = nil, failures: [FailureRecord] = [],
    limits: [LimitRecord] = [], searchSteps: [SearchStep] = [], prediction: [PredictionTerm] = [],
    verdict: Verdict? = nil,
    thresholds: [ThresholdResult] = []
  ) {
    self.planName = planName
    self.planFile = planFile
    self.planText = planText
    self.effectivePlan = effectivePlan
    self.overrides = overrides
    self.attachments = attachments
    self.seed = seed
    self.programVersion = programVersion
    self.started = started
    self.duration = duration
    self.complete = complete
    self.interrupted = interrupted
    self.fault = fault
    self.hostname = hostname
    self.host = host
    self.phases = phases
    self.workers = workers
    self.series = series
    self.distributions = distributions
    self.drive = drive
    self.replay = replay
    self.failures = failures
    self.limits = limits
    self.searchSteps = searchSteps
    self.prediction = prediction
    self.verdict = verdict
    self.thresholds = thresholds
  }

  package func series(_ key: Series.Key) -> Series? { series.first { $0.key == key } }

  /// All series of one name, whatever their label.
  package func series(named name: String) -> [Series] { series.filter { $0.key.name == name } }

  /// All intervals of a latency, taken together; of one phase when it is named.
  package func distribution(of latency: Latency, in phase: String? = nil) -> Distribution {
    Distribution(
      merging: distributions.lazy
        .filter { $0.latency == latency && (phase == nil || $0.phase == phase) }
        .map(\.distribution))
  }

  /// Every latency that has a value, of all intervals taken together; of one phase when it is named.
  package func latencies(in phase: String? = nil) -> [Latency: Distribution] {
    let records = distributions.lazy.filter {
      (phase == nil || $0.phase == phase) && !$0.distribution.buckets.isEmpty
    }
    return Dictionary(grouping: records, by: \.latency)
      .mapValues { Distribution(merging: $0.lazy.map(\.distribution)) }
  }
}

/// What was measured of one metric in one interval.
package struct DistributionRecord: Sendable, Equatable {
  package var latency: Latency
  package var phase: String
  /// The interval, in seconds since the run started.
  package var from: Double
  package var to: Double
  package var distribution: Distribution

  package init(
    latency: Latency, phase: String, from: Double, to: Double, distribution: Distribution
  ) {
    self.latency = latency
    self.phase = phase
    self.from = from
    self.to = to
    self.distribution = distribution
  }
}
