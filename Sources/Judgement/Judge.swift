package import Plan
package import Recording

/// What a recording amounts to, decided from it alone.
///
/// The thresholds come from the plan's text, read again with the recording's `overrides`. The
/// overrides must contain every value that the text was first read with (`Plan.settings`), whether the
/// command line or the environment gave it. The environment of the judging process does not matter, and
/// neither do files: what the plan includes is among the recording's `attachments`.
package func judge(_ recording: Recording) -> Judgement {
  do throws(InvalidPlan) {
    let plan = try recording.plan()
    return judge(
      recording, of: plan,
      thresholds: plan.thresholds.filter { recording.hasDriven(phasesOf: $0, of: plan) })
  } catch {
    return judge(recording, thresholds: [], withoutPlan: error)
  }
}

/// As `judge(_:)`, with these conditions instead of the plan's thresholds, each written as a plan
/// would write it.
package func judge(
  _ recording: Recording, conditions: [String]
) throws(CommandLineValue.Wrong) -> Judgement {
  let plan: Plan
  do throws(InvalidPlan) {
    plan = try recording.plan()
  } catch {
    let thresholds = try recording.thresholds(conditions, interval: nil)
    return judge(recording, thresholds: thresholds, withoutPlan: error)
  }
  let thresholds = try recording.thresholds(conditions, interval: plan.sampling.every)
  return judge(recording, of: plan, thresholds: thresholds)
}

private func judge(
  _ recording: Recording, of plan: Plan, thresholds: [Threshold]
) -> Judgement {
  var judgement = judge(recording, thresholds: thresholds, expected: plan.expectedLimit)
  judgement.gaps = recording.sampleGaps(every: plan.sampling.every)
  return judgement
}

/// Judges a recording whose plan cannot be read. The verdict is an error that says so, unless the recording has a
/// fault: then the fault is the headline.
private func judge(
  _ recording: Recording, thresholds: [Threshold], withoutPlan invalid: InvalidPlan
) -> Judgement {
  var judgement = judge(recording, thresholds: thresholds)
  if recording.fault == nil {
    let first = invalid.diagnostics.first?.message ?? ""
    judgement.verdict = .error
    judgement.exitCode = ExitStatus.fault
    judgement.hasTestedNothing = false
    judgement.headline = "the recording's plan cannot be read: \(first)"
  }
  return judgement
}

/// As `judge(_:)`, with thresholds of the caller's choice.
package func judge(
  _ recording: Recording, thresholds: [Threshold], expected: ExpectedLimit? = nil
) -> Judgement {
  var known: [String?: Metrics] = [:]
  let results = thresholds.map { threshold in
    if let window = threshold.window { return recording.evaluate(threshold, window: window) }
    let metrics = known[threshold.phase] ?? Metrics(recording, phase: threshold.phase)
    known[threshold.phase] = metrics
    return metrics.evaluate(threshold)
  }
  let broken = recording.brokenPhases
  let unexpected = recording.unexpected(of: broken, expected)
  let decisive =
    unexpected.first ?? broken.first ?? expected.flatMap(recording.firstSearch(boundBy:))
  let (verdict, exitCode, headline) = recording.outcome(
    results, broken: broken, decisive: decisive, expected: expected)
  var judgement = Judgement(
    verdict: verdict, exitCode: exitCode, thresholds: results,
    expectation: expected.map { Expectation($0, decisive, in: recording) },
    limit: decisive?.limit, broken: unexpected, headline: headline)
  judgement.hasTestedNothing = verdict == .error && exitCode == ExitStatus.invalidPlan
  return judgement
}

extension Recording {
  /// False where a replay with `--from-phase` has skipped what a threshold measures. That is so where the
  /// threshold's phase was skipped, and where its metric is about messages and no driven phase plays any.
  fileprivate func hasDriven(phasesOf threshold: Threshold, of plan: Plan) -> Bool {
    guard replay?.fromPhase != nil else { return true }
    let driven = Set(phases.map(\.name))
    if let phase = threshold.phase { return driven.contains(phase) }
    return !threshold.metric.isOfMessages || plan.pushes
      || plan.phases.contains { driven.contains($0.name) && !$0.patterns.isEmpty }
  }

  /// A limit in one line, the same in every report: "limit reached: 19,936 of 1,000,000
  /// connections; client socket: EMFILE (Too many open files)".
  ///
  /// - Parameters:
  ///   - limit: nil where the phase fell short and no limit was recorded.
  ///   - name: the phase's name.
  package func headline(of limit: LimitRecord?, in name: String) -> String {
    "limit reached: \(reach(of: limit, in: name))"
  }

  private func reach(of limit: LimitRecord?, in name: String) -> String {
    let phase = phases.first { $0.name == name }
    let progress = phase?.progress ?? reached(in: name).progress
    return "\(progress); \(limit?.cause ?? "its cause was not recorded")"
  }

  /// The broken phases that the plan did not expect: another limit or a worker's death broke them, or no limit
  /// was recorded.
  fileprivate func unexpected(
    of broken: [BrokenPhase], _ expected: ExpectedLimit?
  ) -> [BrokenPhase] {
    guard let expected else { return broken }
    return broken.filter { $0.mismatch(with: expected, held: self.held(in: $0.phase)) != nil }
  }

  /// The first search that found its number of connections (`ceiling`) at the limit that the plan expects.
  fileprivate func firstSearch(boundBy expected: ExpectedLimit) -> BrokenPhase? {
    phases.lazy.filter { self.lastFailedStep(of: $0)?.outcome == .limit }.map {
      BrokenPhase(phase: $0, limit: self.boundingLimit(of: $0))
    }.first {
      $0.phase.ceiling != nil && $0.mismatch(with: expected, held: self.held(in: $0.phase)) == nil
    }
  }

  /// The first outcome that applies, in the order of section 5 of docs/verdict.md: a fault or an
  /// incomplete recording, a signal, an abort, a server that was not there, a limit, an expected limit that was not reached, a
  /// failed threshold.
  fileprivate func outcome(
    _ results: [ThresholdResult], broken: [BrokenPhase], decisive: BrokenPhase?,
    expected: ExpectedLimit?
  ) -> (Verdict, Int32, String) {
    if let fault {
      let line = fault.split(whereSeparator: \.isNewline).first ?? "no reason was recorded"
      return (.error, ExitStatus.fault, "error: \(line)")
    }
    if !complete {
      return (
        .error, ExitStatus.fault,
        "incomplete recording: ends \(Format.duration(seconds: duration)) into the run, \(position)"
      )
    }
    if interrupted {
      return (
        .interrupted, ExitStatus.interrupted,
        "interrupted \(Format.duration(seconds: duration)) into the run, \(position):"
          + " \(reached(in: nil).progress)"
      )
    }
    if let abort { return (.failed, ExitStatus.thresholdFailed, abort) }
    var pass = "passed: \(drivenWords)\(searchWords)\(wrongWords)"
    if let decisive {
      let reach = reach(of: decisive.limit, in: decisive.phase.name)
      let mismatch = expected.flatMap {
        decisive.mismatch(with: $0, held: held(in: decisive.phase))
      }
      guard expected != nil, mismatch == nil else {
        let words = [reach, mismatch].compactMap(\.self).joined(separator: "; ")
        return hasTestedNothing(because: decisive.limit)
          ? (.error, ExitStatus.invalidPlan, "nothing was tested: \(words)")
          : (.limit, ExitStatus.limit, "limit reached: \(words)")
      }
      pass = "passed: expected limit reached: \(reach)"
    } else if expected != nil, whyNothingStood == nil {
      return (
        .failed, ExitStatus.thresholdFailed,
        "the expected limit was not reached: \(reached(in: nil).progress)"
      )
    }
    if decisive == nil, let whyNothingStood {
      return (
        .error, ExitStatus.invalidPlan, "nothing was tested: \(drivenWords); \(whyNothingStood)"
      )
    }
    let failed = results.filter { !$0.passed }
    if let first = failed.first {
      let others = failed.count > 1 ? "; and \(failed.count - 1) more" : ""
      return (
        .failed, ExitStatus.thresholdFailed,
        "threshold failed: \(first.text) (\(first.reason))\(others)"
      )
    }
    return (.passed, ExitStatus.passed, pass)
  }

  /// "aborted 12 s into the run, in phase ramp: failures == 0 (measured 3)"; nil for a run that no
  /// condition ended.
  private var abort: String? {
    guard let phase = phases.first(where: { $0.outcome == .aborted }) else { return nil }
    let when =
      (phase.abortedAt ?? phase.ended).map { "\(Format.duration(seconds: $0)) into the run, " }
      ?? ""
    let why = phase.abortedBy ?? "its condition was not recorded"
    return "aborted \(when)in phase \(phase.name): \(why)"
  }

  /// "1,000 of 1,000 connections"; after churns alone "300 of 300 arrivals lived as planned".
  private var drivenWords: String {
    let driven = phases.filter { $0.kind.grows && $0.started != nil }
    let lived = driven.filter(\.kind.comesAndGoes).compactMap(\.progress)
    guard !driven.isEmpty, lived.count == driven.count else { return reached(in: nil).progress }
    return lived.joined(separator: "; ")
  }

  /// Where the run stood when it ended.
  private var position: String {
    phases.last { $0.started != nil }.map { "in phase \($0.name)" } ?? "before its first phase"
  }

  /// "; none of 300 answers to page was right", "; none of 300 messages page was answered": for each pattern that
  /// got no right answer at all. A run passes all the same, as only thresholds judge messages, and a headline that kept
  /// silent about it would mislead.
  private var wrongWords: String {
    messages(in: [0...max(0, duration)]).map { totals in
      guard totals.lost > 0, totals[.received] == 0, totals[.late] == 0 else { return "" }
      let pattern = totals.pattern
      // Where a connection ended (`short`) no answer, or a part of one, had come.
      return switch totals[.wrong] {
      case 0 where totals.lost == 1: "; the only message \(pattern) was not answered"
      case 0: "; none of \(Format.count(totals.lost)) messages \(pattern) was answered"
      case 1: "; the only answer to \(pattern) was wrong"
      case let count: "; none of \(Format.count(count)) answers to \(pattern) was right"
      }
    }.joined()
  }

  /// "; search found 19,992 connections (server accept4: EMFILE …)".
  private var searchWords: String {
    phases.map { phase in
      guard let ceiling = phase.ceiling else { return unsuccessfulSearch(phase) }
      if metNoBound(phase) {
        return "; \(phase.name) found no ceiling up to \(Format.count(ceiling))"
      }
      let bound = self.bound(of: phase).map { " (\($0))" } ?? ""
      return "; \(phase.name) found \(Format.count(ceiling)) connections\(bound)"
    }.joined()
  }

  /// What a headline says of a search without a `ceiling`: which step was too many. Empty for other phases,
  /// and where no step was too many.
  private func unsuccessfulSearch(_ phase: PhaseRecord) -> String {
    let last = searchSteps.last { $0.phase == phase.name && $0.outcome == .tooMany }
    guard let last else { return "" }
    return "; \(phase.name) found none: \(Format.count(last.goal)) are too many (\(last.reason))"
  }

  /// What bounded a search, from its last failed step: a condition of its `until`, a limit, or connections
  /// that were lost while a number was confirmed.
  private func bound(of phase: PhaseRecord) -> String? {
    let last = lastFailedStep(of: phase)
    if let last, last.outcome != .limit, !last.reason.isEmpty { return last.reason }
    return boundingLimit(of: phase)?.cause
  }

  /// The limit that bounds a search: the one that its last failed step has met, because the search got past the
  /// limits of earlier steps.
  private func boundingLimit(of phase: PhaseRecord) -> LimitRecord? {
    let reason = lastFailedStep(of: phase)?.reason ?? ""
    return limits.first { limit in
      let call = [limit.syscall, limit.errno?.name].compactMap(\.self).joined(separator: " ")
      return limit.phase == phase.name
        && (reason == limit.cause || !call.isEmpty && reason.hasSuffix(" \(call)"))
    } ?? decidingLimit(of: phase)
  }

  private func lastFailedStep(of phase: PhaseRecord) -> SearchStep? {
    searchSteps.last {
      $0.phase == phase.name && [.tooMany, .limit, .lost].contains($0.outcome)
    }
  }

  /// Whether a search reached the number at which its plan ends it (`to`) without a failed step. Then `ceiling`
  /// is that number, and no bound was found.
  private func metNoBound(_ phase: PhaseRecord) -> Bool {
    let steps = searchSteps.filter { $0.phase == phase.name }
    return !steps.isEmpty && steps.allSatisfy { [.reached, .confirmed].contains($0.outcome) }
  }
}

extension BrokenPhase {
  /// Why the limit of this phase is not the one that the plan expects; nil when it is.
  func mismatch(with expected: ExpectedLimit, held: Int) -> String? {
    guard let limit else { return "the plan expects \(expected.yaml)" }
    if limit.isDeath { return "a worker that is gone is never what a plan expects" }
    return expected.mismatch(with: limit, held: held)
  }
}

extension Metric {
  /// Whether the metric has a value only in a phase that plays messages.
  fileprivate var isOfMessages: Bool {
    switch self {
    case .messagesSent, .messagesReceived, .messagesLost, .messagesUnsent, .messagesRate,
      .percentile(_, of: .roundTrip):
      true
    default: false
    }
  }
}
