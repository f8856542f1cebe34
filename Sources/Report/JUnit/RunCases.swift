import Judgement
import Plan
import Recording

/// The test cases of a run, made from its recording and judgement.
struct RunCases {
  private let recording: Recording
  private let judgement: Judgement
  private let attachments: String
  private let namesPlaces: Bool

  /// - Parameters:
  ///   - attachments: the lines with which a case that did not pass points to the run's files.
  ///   - namesPlaces: whether each case names its file and line in the plan.
  init(
    _ recording: Recording, _ judgement: Judgement, attachments: String, namesPlaces: Bool
  ) {
    self.recording = recording
    self.judgement = judgement
    self.attachments = attachments
    self.namesPlaces = namesPlaces
  }

  /// One case for each planned phase, whether or not the run reached it. The error of a run
  /// (`ending`) becomes the outcome of the phase that was cut off, or else of one more case, "run".
  var phases: [TestCase] {
    var cases = recording.phases.map { phase in
      TestCase(
        name: phase.title, time: phase.duration ?? 0, outcome: outcome(of: phase),
        output: attachments, place: place(phase.planLine))
    }
    guard let ending else { return cases }
    if let index = cutOffIndex {
      cases[index].outcome = ending
    } else {
      // No phase was cut off, but the error still has to fail a case.
      cases.append(TestCase(name: "run", outcome: ending, output: attachments))
    }
    return cases
  }

  /// One case for each threshold, and one for the limit that the plan expects.
  var thresholds: [TestCase] {
    judgement.thresholds.map { threshold in
      let message = "\(threshold.text): \(threshold.reason)"
      let line = threshold.planLine > 0 ? threshold.planLine : nil
      return TestCase(
        name: threshold.text,
        outcome: !judgement.judgesThresholds
          ? .skipped(message: "not judged: \(judgement.notJudged); so far \(threshold.reason)")
          : threshold.passed
            ? .passed
            : .failure(
              type: "threshold", message: message,
              body: message + (line.map { "\nplan line \($0)\n" } ?? "\n")),
        output: attachments, place: place(line))
    } + [expectation].compactMap(\.self)
  }

  private var expectation: TestCase? {
    judgement.expectation.map { expectation in
      let message = "\(expectation.text): \(expectation.reason)"
      return TestCase(
        name: expectation.text,
        outcome: !judgement.judgesThresholds
          ? .skipped(message: "not judged: \(judgement.notJudged)")
          : expectation.met
            ? .passed : .failure(type: "expect-limit", message: message, body: message + "\n"),
        output: attachments, place: place(nil))
    }
  }

  private func place(_ line: Int?) -> TestCase.Place? {
    namesPlaces ? TestCase.Place(file: recording.planFile, line: line) : nil
  }

  private func outcome(of phase: PhaseRecord) -> TestCase.Outcome {
    if let broken = judgement.broken.first(where: { $0.phase.name == phase.name }) {
      return failure(of: phase, broken.limit)
    }
    if phase.outcome == .aborted {
      return .failure(
        type: "aborted", message: judgement.headline, body: judgement.headline + "\n")
    }
    if phase.outcome == .skipped {
      return .skipped(message: "not reached: \(judgement.headline)")
    }
    return .passed
  }

  private func failure(of phase: PhaseRecord, _ limit: LimitRecord?) -> TestCase.Outcome {
    let message = recording.headline(of: limit, in: phase.name)
    guard let limit else { return .failure(type: "limit", message: message, body: message + "\n") }
    var body =
      message + "\n\n" + limit.facts(hasServerCount: recording.hasServerCount).aligned + "\n"
    if !limit.evidence.isEmpty { body += "\nevidence\n" + limit.evidence.aligned + "\n" }
    let others = recording.limits.filter { $0.phase == phase.name && $0 != limit }
    if !others.isEmpty {
      body += "\nalso met\n"
      body += others.map { "\($0.cause) × \(Format.count($0.count))\n" }.joined()
    }
    return judgement.hasTestedNothing
      ? .error(type: limit.type, message: judgement.headline, body: body)
      : .failure(type: limit.type, message: message, body: body)
  }

  /// The index of the phase that was cut off, or else of the first that was never reached; nil when
  /// all phases ended.
  private var cutOffIndex: Int? {
    let phases = recording.phases
    return phases.firstIndex { $0.outcome == .interrupted }
      ?? phases.firstIndex { $0.started != nil && $0.ended == nil }
      ?? phases.firstIndex { $0.outcome == .skipped }
  }

  /// The error of a run that a fault or a signal ended, whose recording breaks off, or whose plan
  /// cannot be read; nil for any other run.
  private var ending: TestCase.Outcome? {
    let type: String
    var body = judgement.headline + "\n"
    if let fault = recording.fault {
      type = judgement.exitCode == ExitStatus.preflightRefused ? "preflight-refused" : "fault"
      body = fault.hasPrefix(judgement.headline) ? fault + "\n" : body + "\n" + fault + "\n"
    } else if recording.interrupted {
      type = "interrupted"
    } else if !recording.complete {
      type = "incomplete"
      body += "\nThe recording ends at its last sample, \(Format.instant(recording.duration)).\n"
    } else if judgement.verdict == .error, !(judgement.hasTestedNothing && judgement.limit != nil) {
      type = judgement.hasTestedNothing ? "nothing-tested" : "error"
    } else {
      return nil
    }
    return .error(type: type, message: judgement.headline, body: body)
  }
}
