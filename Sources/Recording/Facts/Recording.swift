/// Everything that happened in one run, as read back from its file.
///
/// Verdict, reports, comparison and export are made from this value alone. Instants are seconds since the run
/// started.
package struct Recording: Sendable, Equatable {
  package var planName: String
  package var planFile = ""
  package var planText = ""
  /// The plan with every default spelled out, as YAML.
  package var effectivePlan = ""
  /// The values that `--set` and the environment gave to the plan. `planText`, read again with these and the
  /// `attachments`, gives the same plan, but for targets that the command line gave, and the values of `data`.
  package var overrides: [Fact] = []
  /// The files that the plan includes, sends or plays; of a file of `data` only the names of its columns.
  package var attachments: [Attachment] = []
  package var seed: UInt64 = 0
  package var programVersion = ""
  /// UTC, ISO 8601 with milliseconds: `2026-01-02T03:04:05.678Z`.
  package var started = ""
  /// Seconds from start to end; for an incomplete recording, to its last sample.
  package var duration = 0.0
  /// False while the run goes on, and where it was cut off (`kill -9`, power).
  package var complete = true
  /// Whether a signal ended the run.
  package var interrupted = false
  /// A fault of the program, or a reason why the plan was never driven; nil when there is none.
  package var fault: String?
  package var hostname = ""
  /// Kernel, processors, memory and every limit that bears on connections.
  package var host: [Fact] = []
  /// Phases, workers, failures, limits and search steps.
  package var state = RunState()
  package var series: [Series] = []
  package var distributions: [DistributionRecord] = []
  /// The client workers' drive logs: when connections and messages were begun (`DriveEntry`), in the order in
  /// which the logs were written.
  package var drive: [DriveRecord] = []
  /// Nil for a run that was no replay.
  package var replay: ReplayRecord?
  package var prediction: [PredictionTerm] = []
  /// As judged when the run ended; nil where it was not judged.
  package var verdict: Verdict?
  /// As judged when the run ended.
  package var thresholds: [ThresholdResult] = []

  package init(planName: String) { self.planName = planName }

  /// - Parameter fill: sets the other properties.
  package init(planName: String, _ fill: (inout Recording) throws -> Void) rethrows {
    self.init(planName: planName)
    try fill(&self)
  }

  package func series(_ key: Series.Key) -> Series? { series.first { $0.key == key } }

  /// All series of one name, whatever their label.
  package func series(named name: String) -> [Series] { series.filter { $0.key.name == name } }

  /// The values of a latency in all intervals together, or in those of one phase.
  package func distribution(of latency: Latency, in phase: String? = nil) -> Distribution {
    Distribution(
      merging: distributions.lazy
        .filter { $0.latency == latency && (phase == nil || $0.phase == phase) }
        .map(\.distribution))
  }

  /// Every latency that has values, in all intervals together, or in those of one phase.
  package func latencies(in phase: String? = nil) -> [Latency: Distribution] {
    let records = distributions.lazy.filter {
      (phase == nil || $0.phase == phase) && !$0.distribution.buckets.isEmpty
    }
    return Dictionary(grouping: records, by: \.latency)
      .mapValues { Distribution(merging: $0.lazy.map(\.distribution)) }
  }
}

extension Recording {
  package var phases: [PhaseRecord] {
    get { state.phases }
    set { state.phases = newValue }
  }
  package var workers: [WorkerRecord] {
    get { state.workers }
    set { state.workers = newValue }
  }
  package var failures: [FailureRecord] {
    get { state.failures }
    set { state.failures = newValue }
  }
  package var limits: [LimitRecord] {
    get { state.limits }
    set { state.limits = newValue }
  }
  package var searchSteps: [SearchStep] {
    get { state.searchSteps }
    set { state.searchSteps = newValue }
  }
}
