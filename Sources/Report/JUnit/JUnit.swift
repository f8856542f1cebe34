package import Judgement
import Plan
package import Recording

/// A dialect of JUnit XML, for which there is no standard.
package enum JUnitFlavour: String, Sendable, CaseIterable {
  /// Only elements and attributes that Jenkins' schema has.
  case jenkins
  /// Test cases also have `file` and `line`, for GitLab and GitHub: where the plan states what they
  /// test. A case that no plan states has neither.
  case extended
}

/// The run as JUnit XML: a suite for the phases, and one for the thresholds and the expected limit
/// where the plan has any.
package func junit(
  _ recording: Recording, _ judgement: Judgement, files: OutputFiles,
  flavour: JUnitFlavour = .jenkins
) -> [UInt8] {
  let run = RunCases(
    recording, judgement, attachments: files.attachments, namesPlaces: flavour == .extended)
  var suites = [
    TestSuite(
      plan: recording.planName, part: "phases", hostname: recording.hostname,
      started: recording.started, properties: properties(recording, judgement),
      cases: run.phases)
  ]
  let thresholds = run.thresholds
  if !thresholds.isEmpty {
    suites.append(
      TestSuite(
        plan: recording.planName, part: "thresholds", hostname: recording.hostname,
        started: recording.started, cases: thresholds))
  }
  return TestSuites(name: recording.planName, suites: suites).bytes()
}

/// The JUnit XML for a plan that could not be read: one case with one error, so that a CI job
/// always finds a file.
///
/// - Parameters:
///   - message: the full diagnostics. Their first line becomes the error's message.
///   - file: the file with the first error, for the extended flavour; nil for Jenkins'.
///   - errorLine: the line of the first error, from 1.
package func junit(
  invalidPlan planName: String, message: String, hostname: String = "", started: String = "",
  file: String? = nil, errorLine: Int? = nil
) -> [UInt8] {
  let headline = message.split(separator: "\n").first.map(String.init) ?? "the plan is invalid"
  let failing = TestCase(
    name: "plan is valid", outcome: .error(type: "invalid-plan", message: headline, body: message),
    place: file.map { TestCase.Place(file: $0, line: errorLine) })
  let suite = TestSuite(
    plan: planName, part: "phases", hostname: hostname, started: started, cases: [failing])
  return TestSuites(name: planName, suites: [suite]).bytes()
}

extension OutputFiles {
  /// The files that a failed case points to, as `[[ATTACHMENT|path]]`, which Jenkins and GitLab
  /// read. The paths as the user gave them come first: relative ones stay right wherever the
  /// workspace is copied to.
  fileprivate var attachments: String {
    let paths = [html, recording].compactMap { $0 }
    return (paths + paths.map(absolute)).reduce(into: [String]()) { unique, path in
      if !unique.contains(path) { unique.append(path) }
    }
    .map { "[[ATTACHMENT|\(onOneLine($0))]]" }
    .joined(separator: "\n")
  }
}

extension Recording {
  /// Connections that stood at both ends in the phase that met the limit; in the whole run where
  /// the recording does not have that phase.
  fileprivate func held(at limit: LimitRecord) -> Int {
    phases.first { $0.name == limit.phase }.map(held(in:)) ?? reached(in: nil).held
  }
}

private func properties(_ recording: Recording, _ judgement: Judgement) -> [Fact] {
  let metrics = Metrics(recording)
  let limit = judgement.limit
  let facts = [Fact](known: [
    "limit.errno": limit?.errno?.name,
    "limit.syscall": limit?.syscall,
    "limit.end": limit?.end.rawValue,
    "limit.resource": limit?.resource.rawValue,
    "limit.connections": limit.map { String(recording.held(at: $0)) },
    "connections.max": String(metrics.established),
    "accepted.max": metrics.accepted.map { String($0) },
    "phantom": metrics.phantom.map { String($0) },
    "failures": String(metrics.failures),
    "prediction": recording.predicted.map { String($0.connections) },
    "prediction.resource": recording.predicted?.resource.rawValue,
    "ceiling": recording.phases.compactMap(\.ceiling).max().map { String($0) },
    "messages.sent": metrics.messages(.sent).map { String($0) },
    "messages.received": metrics.messages(.received).map { String($0) },
    "messages.lost": metrics.messagesLost.map { String($0) },
    "messages.unsent": metrics.messagesUnsent.map { String($0) },
    "messages.rate": metrics.messageRate.map { Format.fixed($0, 1) },
    "connect.rate": metrics.connectRate.map { Format.fixed($0, 1) },
    "tls.resumed": metrics.resumed.map { Format.short($0, 6) },
    "recovery": metrics.recovery.map { Format.short($0, 6) },
  ])
  let storms = recording.phases.flatMap { phase in
    recording.stormFacts(of: phase)?.properties(of: phase) ?? []
  }
  func percentiles(of latency: Latency) -> [Fact] {
    let shown = judgement.thresholds.percentiles(of: latency)
    return metrics[latency]?.named(shown)
      .map { Fact("\(latency.name).\($0.name)", Format.short($0.seconds, 9)) } ?? []
  }
  return facts + storms + percentiles(of: .connect) + percentiles(of: .secure)
    + percentiles(of: .roundTrip)
}

extension StormFacts {
  /// What `JSONSummary` has under the same names, in the same units.
  fileprivate func properties(of phase: PhaseRecord) -> [Fact] {
    [Fact](known: [
      "\(phase.name).dropped": String(dropped),
      "\(phase.name).recovery": recovery.map { Format.short($0, 6) },
      "\(phase.name).peak": peak.map { Format.fixed($0, 1) },
      "\(phase.name).refused": String(refused),
    ])
  }
}
