import Messages
import Recording

extension Recording {
  /// The plan of the run, read again from the recording alone. Targets that a command line gave are
  /// not in it; `drivenPlan()` has them.
  package func plan() throws(InvalidPlan) -> Plan {
    try plan(with: settings)
  }

  private var settings: [String: String] {
    Dictionary(overrides.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  /// - Parameter settings: the values of variables, instead of those that the run was driven with.
  package func plan(with settings: [String: String]) throws(InvalidPlan) -> Plan {
    try plan(with: settings, files: Plan.attached(files))
  }

  private func plan(
    with settings: [String: String], files: @escaping FileSource
  ) throws(InvalidPlan) -> Plan {
    try Plan.read(text: planText, file: planFile, overrides: settings, files: files)
  }

  /// What the plan's files have, as far as the recording keeps it, by path as seen from the plan.
  private var files: [String: [UInt8]] {
    Dictionary(attachments.map { ($0.name, $0.content) }, uniquingKeysWith: { _, last in last })
  }

  /// Whether a message expects a match in an answer that does not say where it ends. The round trip of
  /// such an answer ends at the match.
  package var roundTripsEndAtMatch: Bool {
    guard let plan = try? plan() else { return false }
    return plan.patterns.contains { pattern in
      if case .matches(_) = pattern.expectation { true } else { false }
    }
  }

  /// The plan as it was driven, with the targets that a command line gave. Of the texts in the
  /// recording only `effectivePlan` has those.
  ///
  /// - Parameter withData: whether the values of `data` are wanted. The recording does not keep them, so they are
  ///   read from where they stood at the run.
  package func drivenPlan(withData: Bool = false) throws(InvalidPlan) -> Plan {
    let files = files
    var plan = try plan(
      with: settings,
      files: withData ? Plan.attached(files, dataBeside: planFile) : Plan.attached(files))
    let driven = try Plan.read(
      text: effectivePlan, file: planFile, overrides: [:], files: Plan.attached(files))
    if driven.server == nil {
      // Requests over HTTP name the first target as their host.
      plan.connect(to: driven.targets)
    } else {
      plan.server = driven.server
      plan.targets = driven.targets
    }
    return plan
  }

  /// Reads conditions on this run, written as a plan writes its thresholds.
  ///
  /// - Parameter interval: time between two samples; nil when it is not known.
  package func thresholds(
    _ conditions: [String], interval: Duration?
  ) throws(CommandLineValue.Wrong) -> [Threshold] {
    let context = ThresholdContext(phases: phases.map(\.name), interval: interval)
    var thresholds: [Threshold] = []
    for condition in conditions {
      var reader = Reader(plan: planFile, files: Plan.attached([:]))
      guard var threshold = reader.threshold(condition, at: .start, context) else {
        let first = reader.errors.first
        throw CommandLineValue.Wrong(
          Problem(first?.message ?? "\(quoted(condition)) is no condition", hint: first?.hint))
      }
      // It stands on no line of the plan.
      threshold.line = 0
      thresholds.append(threshold)
    }
    return thresholds
  }
}
